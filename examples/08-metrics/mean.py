"""The mean of what was measured in each fold, as TOML."""

import json
import sys
from pathlib import Path

folds = [json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:]]
print("[mean]")
for name in folds[0]:
    print(f"{name} = {sum(fold[name] for fold in folds) / len(folds):.4f}")
