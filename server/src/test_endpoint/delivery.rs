//! How an answer's bytes reach the client: at once, slowly, only half of them, or not at all.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::Response;
use futures_util::stream;

use super::connection::Connection;
use super::script::{Fault, Plan};
use super::state::UnderWay;

/// What has been written must have left before the connection is cut.
const BEFORE_THE_CUT: Duration = Duration::from_millis(40);
/// A piece of a slow body that is no stream of events.
const SLOW_PIECE_BYTES: usize = 64;

/// One thing after the other.
#[derive(Debug)]
enum Piece {
    Wait(Duration),
    Data(Bytes),
    Cut,
}

/// Gives out the answer as the plan has it. The request counts as under way until the last byte is given out.
pub(super) async fn deliver(response: Response, plan: &Plan, under_way: UnderWay, connection: Connection) -> Response {
    let (mut parts, body) = response.into_parts();
    // (Handlers make whole bodies; reading one cannot fail.)
    let mut bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    if plan.has(&Fault::Disconnect) {
        connection.cut();
        return Response::from_parts(parts, Body::empty());
    }
    let is_stream =
        parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if plan.has(&Fault::BrokenJson) {
        bytes = broken(&bytes, is_stream);
    }
    if !is_stream {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    }
    let pieces = pieces(bytes, plan, is_stream);
    let state = (pieces, under_way, connection);
    let body = stream::unfold(state, |(mut pieces, under_way, connection)| async move {
        loop {
            match pieces.pop_front()? {
                Piece::Wait(time) => tokio::time::sleep(time).await,
                Piece::Data(data) => return Some((Ok(data), (pieces, under_way, connection))),
                Piece::Cut => {
                    connection.cut();
                    let error: io::Error = io::ErrorKind::ConnectionReset.into();
                    return Some((Err(error), (pieces, under_way, connection)));
                }
            }
        }
    });
    Response::from_parts(parts, Body::from_stream(body))
}

/// A body that is no JSON: cut off within its last third. Of a stream, each event is.
fn broken(bytes: &Bytes, is_stream: bool) -> Bytes {
    let cut = |text: &[u8]| text[..text.len() * 2 / 3].to_vec();
    if !is_stream {
        return cut(bytes).into();
    }
    let mut broken = Vec::new();
    for event in events(bytes) {
        let text = event.strip_suffix(b"\n\n").unwrap_or(&event);
        if text == b"data: [DONE]" {
            broken.extend_from_slice(text);
        } else {
            broken.extend(cut(text));
        }
        broken.extend_from_slice(b"\n\n");
    }
    broken.into()
}

fn pieces(bytes: Bytes, plan: &Plan, is_stream: bool) -> VecDeque<Piece> {
    let truncated = plan.has(&Fault::TruncatedBody);
    let bytes = if truncated { bytes.slice(..bytes.len() / 2) } else { bytes };
    let slowness = plan.faults.iter().find_map(|fault| match fault {
        Fault::SlowStream { ms } => Some(Duration::from_millis(*ms)),
        _ => None,
    });
    let mut pieces = VecDeque::new();
    if let Some(wait) = slowness {
        let parts = if is_stream { events(&bytes) } else { equal_parts(&bytes) };
        for part in parts {
            pieces.extend([Piece::Wait(wait), Piece::Data(part)]);
        }
    } else {
        pieces.push_back(Piece::Data(bytes));
    }
    if truncated {
        pieces.extend([Piece::Wait(BEFORE_THE_CUT), Piece::Cut]);
    }
    pieces
}

fn equal_parts(bytes: &Bytes) -> Vec<Bytes> {
    (0..bytes.len())
        .step_by(SLOW_PIECE_BYTES)
        .map(|start| bytes.slice(start..bytes.len().min(start + SLOW_PIECE_BYTES)))
        .collect()
}

/// The events of a stream, each with the empty line that ends it; the last one may lack it.
fn events(bytes: &Bytes) -> Vec<Bytes> {
    let mut events = Vec::new();
    let mut start = 0;
    for end in 2..=bytes.len() {
        if end == bytes.len() || &bytes[end - 2..end] == b"\n\n" {
            events.push(bytes.slice(start..end));
            start = end;
        }
    }
    events.retain(|event| !event.is_empty());
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_cut_into_its_events() {
        let cut = |text: &'static str| events(&Bytes::from_static(text.as_bytes()));
        assert_eq!(cut("data: 1\n\ndata: 2\n\n"), ["data: 1\n\n", "data: 2\n\n"]);
        assert_eq!(cut("data: 1\n\ndat"), ["data: 1\n\n", "dat"]);
        assert!(cut("").is_empty());
    }

    #[test]
    fn broken_json_keeps_the_events_of_a_stream() {
        let stream = Bytes::from_static(b"data: {\"a\":1}\n\ndata: [DONE]\n\n");
        let text = broken(&stream, true);
        assert!(text.ends_with(b"data: [DONE]\n\n"));
        assert_eq!(events(&text).len(), 2);
        let whole = broken(&Bytes::from_static(b"{\"a\": [1, 2]}"), false);
        assert!(serde_json::from_slice::<serde_json::Value>(&whole).is_err());
    }
}
