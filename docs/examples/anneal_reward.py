import json
import os
import urllib.request

URL = os.environ["ANNEAL_GRADER_URL"]  # http://127.0.0.1:4577/v1/graders/DATASET@1/score
KEY = os.environ["ANNEAL_GRADER_KEY"]
SKIP_UNGRADED = False


def anneal_reward(prompts, completions, **columns):
    rows = len(prompts)
    columns = {name: values for name, values in columns.items() if isinstance(values, list) and len(values) == rows}
    samples = []
    for index, (prompt, completion) in enumerate(zip(prompts, completions)):
        messages = prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]
        text = completion if isinstance(completion, str) else completion[0]["content"]
        item = {name: values[index] for name, values in columns.items()}
        samples.append({"sample": {"output_text": text}, "item": {**item, "messages": messages}})
    results = ask(samples)
    failed = [index for index, result in enumerate(results) if "score" not in result]
    for index, result in zip(failed, ask([samples[index] for index in failed])):
        results[index] = result
    for result in results:
        if "score" not in result and not SKIP_UNGRADED:
            raise RuntimeError("a sample has no score: " + result["error"]["message"])
    return [result.get("score") for result in results]


def ask(samples):
    results = []
    for start in range(0, len(samples), 256):
        body = json.dumps({"samples": samples[start : start + 256]}).encode()
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        request = urllib.request.Request(URL, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=600) as response:
            results += json.load(response)["results"]
    return results
