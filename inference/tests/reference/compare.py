"""Runs cases through `generate` and compares what comes out with what transformers gave.

    python compare.py GENERATE_BINARY MODEL_DIR cases.jsonl
"""

import json
import subprocess
import sys


def main(binary, model, path):
    cases = [json.loads(line) for line in open(path)]
    asked = "".join(json.dumps({key: case[key] for key in ("id", "input_ids", "attention_mask", "generation") if key in case}) + "\n"
                    for case in cases)
    answer = subprocess.run([binary, model], input=asked, capture_output=True, text=True, check=True).stdout
    results = {result["id"]: result for result in map(json.loads, answer.splitlines())}
    differing, worst = [], 0.0
    for case in cases:
        result = results[case["id"]]
        if "error" in case:
            if "output_ids" in result:
                differing.append((case, result))
            continue
        if result.get("output_ids") != case["output_ids"]:
            differing.append((case, result))
            continue
        for ours, theirs in zip(result.get("scores") or [], case.get("scores") or []):
            worst = max(worst, abs(ours - theirs) / max(1.0, abs(theirs)))
    print(f"{model}: {len(cases) - len(differing)} of {len(cases)} equal, scores within {worst:.1e}")
    for case, result in differing[:3]:
        print("  generation", case["generation"], "rows", len(case["input_ids"]))
        print("  theirs", case.get("output_ids"), case.get("scores"), case.get("error"))
        print("  ours  ", result.get("output_ids"), result.get("scores"), result.get("error"))
    return not differing


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(0 if main(*sys.argv[1:]) else 1)
