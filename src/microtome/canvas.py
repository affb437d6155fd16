"""How plots look, and how they become PNG images."""

from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def png(canvas: Figure) -> bytes:
    """The plot as a PNG, the same for the same plot."""
    FigureCanvasAgg(canvas)
    out = BytesIO()
    canvas.savefig(out, format="png", dpi=144, metadata={"Software": "microtome"})
    return out.getvalue()


def clean(axes: Axes) -> None:
    """Two spines, small labels."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#c9ccd1")
    axes.tick_params(colors="#4a4f57", labelsize=8)
    for text in (axes.xaxis.label, axes.yaxis.label):
        text.set_fontsize(8)
    axes.title.set_fontsize(9)
