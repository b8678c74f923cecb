"""The pixels of a PNG file, which nothing here decodes but Typst: it puts them into a PDF as they are."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdf
import typst

SHOWN = '#set page(width: auto, height: auto, margin: 0pt)\n#image("picture.png")'


def pixels(picture: bytes, folder: Path) -> npt.NDArray[np.int64]:
    """Rows of columns of red, green and blue (one value, where the file is grey)."""
    (folder / "picture.png").write_bytes(picture)
    (folder / "picture.typ").write_text(SHOWN)
    made = typst.compile(str(folder / "picture.typ"), root=str(folder), format="pdf", pdf_tags=False)
    page: Any = pypdf.PdfReader(io.BytesIO(made)).pages[0]
    [image] = [each.get_object() for each in page["/Resources"]["/XObject"].values()]
    flat = np.frombuffer(image.get_data(), dtype=np.uint8).astype(int)
    return flat.reshape(image["/Height"], image["/Width"], -1)
