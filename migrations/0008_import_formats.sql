-- Counts for every format instead of two columns, and of what was passed over.

ALTER TABLE imports ADD COLUMN formats TEXT NOT NULL DEFAULT '{}';    -- {"chat": 10, ...}: records by format
ALTER TABLE imports ADD COLUMN skipped TEXT NOT NULL DEFAULT '{}';    -- {"other_span": 3, ...}: read, but no record

-- A count of zero stands in the object as little as it does in one that is written from now on.
UPDATE imports SET formats = json_patch('{}', json_object(
    'chat', NULLIF(chat_lines, 0),
    'native', NULLIF(native_lines, 0),
    'unreadable', NULLIF(MAX(records - chat_lines - native_lines, 0), 0)));

ALTER TABLE imports DROP COLUMN native_lines;
ALTER TABLE imports DROP COLUMN chat_lines;
