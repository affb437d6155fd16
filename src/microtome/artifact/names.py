"""Files by which others know what a folder holds, beside those with a manifest."""

EVALUATION = "evaluation.json"
METRICS = "metrics.jsonl"
RECIPE = "recipe.json"
"""The last two are a training run's."""
REPORT = "report.html"
"""Of a study: one page that needs nothing else."""
