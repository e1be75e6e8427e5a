"""The extension for VS Code as the file that VS Code installs, packed from its folder without Node."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import msgspec

#: What is always packed, and the names that the marketplace's own packer (vsce) gives these files.
_ALWAYS = ("package.json", "README.md")
_RENAMED = {"README.md": "readme.md", "CHANGELOG.md": "changelog.md", "LICENSE": "LICENSE.txt"}
_MEDIA = {
    ".js": "application/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".png": "image/png",
    ".txt": "text/plain",
    ".vsixmanifest": "text/xml",
}
_ASSETS = {
    "package.json": "Microsoft.VisualStudio.Code.Manifest",
    "readme.md": "Microsoft.VisualStudio.Services.Content.Details",
    "changelog.md": "Microsoft.VisualStudio.Services.Content.Changelog",
    "LICENSE.txt": "Microsoft.VisualStudio.Services.Content.License",
    "icon.png": "Microsoft.VisualStudio.Services.Icons.Default",
}
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file knows: the same files make the same bytes
_TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>
"""
_MANIFEST = """<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id={id} Version={version} Publisher={publisher}/>
    <DisplayName>{title}</DisplayName>
    <Description xml:space="preserve">{description}</Description>
    <Tags>{tags}</Tags>
    <Categories>{categories}</Categories>
    <GalleryFlags>Public</GalleryFlags>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value={engine}/>
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value={kind}/>
      <Property Id="Microsoft.VisualStudio.Code.ExecutesCode" Value="true"/>
      <Property Id="Microsoft.VisualStudio.Services.Content.Pricing" Value="Free"/>
    </Properties>
    <License>extension/LICENSE.txt</License>
    <Icon>extension/icon.png</Icon>
  </Metadata>
  <Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
  <Dependencies/>
  <Assets>
{assets}
  </Assets>
</PackageManifest>
"""


def vsix(folder: Path) -> bytes:
    """The extension in `folder` as a .vsix, which `code --install-extension` takes (a zip file by ECMA-376 part 2).

    Raises:
        OSError: a file that its package.json names is not there.
    """
    package = msgspec.json.decode((folder / "package.json").read_bytes())
    names = dict.fromkeys((*_ALWAYS, *package["files"]))
    files = {f"extension/{_RENAMED.get(name, name)}": (folder / name).read_bytes() for name in names}
    parts = {
        "[Content_Types].xml": _content_types(("extension.vsixmanifest", *files)).encode(),
        "extension.vsixmanifest": _manifest(package, files).encode(),
        **files,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _content_types(names: tuple[str, ...]) -> str:
    endings = sorted({Path(name).suffix for name in names})
    rows = (f"<Default Extension={quoteattr(one)} ContentType={quoteattr(_MEDIA[one])}/>" for one in endings)
    return _TYPES.format("".join(rows))


def _manifest(package: dict[str, Any], files: dict[str, bytes]) -> str:
    assets = (
        f'    <Asset Type={quoteattr(kind)} Path="extension/{name}" Addressable="true"/>'
        for name, kind in _ASSETS.items()
        if f"extension/{name}" in files
    )
    return _MANIFEST.format(
        id=quoteattr(package["name"]),
        version=quoteattr(package["version"]),
        publisher=quoteattr(package["publisher"]),
        title=escape(package["displayName"]),
        description=escape(package["description"]),
        tags=escape(",".join(package["keywords"])),
        categories=escape(",".join(package["categories"])),
        engine=quoteattr(package["engines"]["vscode"]),
        kind=quoteattr(",".join(package["extensionKind"])),
        assets="\n".join(assets),
    )
