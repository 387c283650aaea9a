"""Pictures of gradient flow: how much of a gradient comes back from d steps behind."""

from seqlaws.properties.judging.gradient_reach import SPECIFICATION, Flow
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.page.documents import Run, made
from seqlaws.properties.reporting.page.pictures import Line, Picture, decades, doublings
from seqlaws.properties.reporting.page.report import Report


def pictures(report: Report) -> list[Picture]:
    """Return a picture for each operation: a line for each implementation and the specification."""
    found = {(f.operation, f.implementation, f.device): f for r in report.runs for f in told(r)}
    drawn = []
    names = [*report.implementations, SPECIFICATION]
    measured = dict.fromkeys(key[0] for key in found)  # a user's own come last
    for operation in sorted(measured, key=lambda o: [*OPERATIONS, o].index(o)):
        lines, of = [], ""
        for (_, name, device), flow in found.items():
            points = [(float(d), n) for d, n in zip(flow.distances, flow.norms, strict=False)][1:]
            if flow.operation != operation or not points:
                continue
            of = flow.of
            note = f"{flow.dtype} {device}".strip()
            number = names.index(name) if name in names else len(names)
            lines.append(Line(name, [p for p in points if p[1] > 0], number, note))
        lines = sorted((line for line in lines if line.points), key=lambda line: line.number)
        if not lines:
            continue
        points = [p for line in lines for p in line.points]
        ends = "; ".join(f"{li.name} {li.points[-1][1]:.2g}" for li in lines)
        drawn.append(
            Picture(
                operation,
                f"the gradient of {of} by distance, relative to distance 0; at the end: {ends}",
                doublings("distance", [1, 2, 4, 8, 16, 32, 64]),
                decades("share of the gradient", (y for _, y in points)),
                lines,
            )
        )
    return drawn


def told(run: Run) -> list[Flow]:
    """Return the gradient flow that a run has measured. Raises RefusedError."""
    return [
        made(Flow, row, f"{run.file}: gradient_flow {k}") for k, row in enumerate(run.gradient_flow)
    ]
