"""Hypothesis strategies: workflows put together from parts that occur, laid out in the ways that occur."""

from __future__ import annotations

from hypothesis import strategies as st

PATH = ".github/workflows/release.yml"
_UPLOADS = (
    "- uses: pypa/gh-action-pypi-publish@release/v1\n  with:\n    password: ${{ secrets.PYPI_TOKEN }}\n",
    "- uses: pypa/gh-action-pypi-publish@v1.5.0 # old\n  with:\n    user: __token__\n    password: '${{ secrets.A }}'\n    verbose: true\n",
    '- name: up\n  with: {user: __token__, password: "${{ secrets.PYPI }}", print_hash: true}\n  uses: pypa/gh-action-pypi-publish@master\n',
    "- run: pip install twine\n- env:\n    TWINE_PASSWORD: ${{ secrets.PPU }}\n    TWINE_USERNAME: __token__\n  run: twine upload dist/*\n",
    "- run: |\n    python -m build\n    twine upload -u __token__ -p ${{ secrets.T }} dist/*\n",
    "- run: uv publish --token ${{ secrets.PYPI_TOKEN }}\n",
    '- run: uv publish\n  env: {UV_PUBLISH_TOKEN: "${{ secrets.PYPI_TOKEN || secrets.ORG }}", KEEP: me}\n',
    "- name: 'both'\n  if: github.ref == 'refs/heads/main'\n  run: |\n    poetry config pypi-token.pypi ${{ secrets.P }}\n    poetry publish --build\n",
    "- run: flit publish\n  env:\n    FLIT_USERNAME: __token__\n    FLIT_PASSWORD: ${{ secrets.FLIT }}\n",
    "- run: hatch build && ls\n- run: hatch publish -u __token__ -a ${{ secrets.HATCH }}\n",
    "- uses: PyO3/maturin-action@v1\n  env:\n    MATURIN_PYPI_TOKEN: ${{ secrets.PYPI_API_TOKEN }}\n  with:\n    command: upload\n    args: --skip-existing *\n",
    "- uses: JRubics/poetry-publish@v1.17\n  with:\n    pypi_token: ${{ secrets.PYPI }}\n",
    "- run: pdm publish\n  env:\n    PDM_PUBLISH_PASSWORD: ${{ secrets.PDM }}\n",
    "- run: make publish\n  env:\n    TWINE_PASSWORD: ${{ secrets.PYPI_TOKEN }}\n",
    "- uses: pypa/gh-action-pypi-publish@release/v1\n",
)
_OTHERS = (
    "- uses: actions/checkout@v4\n",
    "- uses: softprops/action-gh-release@v2\n  with:\n    files: dist/*\n",
    '- name: "é — build"\n  run: >-\n    python -m\n    build\n',
    "- run: |\n    # a comment: with ${{ secrets.NOT_A_READ }}\n\n    echo 'a: b' > c\n",
    '- uses: docker/login-action@v3\n  with: {username: x, password: "${{ secrets.DOCKER }}"}\n',
    "- run: npm publish # ${{ secrets.IN_COMMENT }}\n  env:\n    NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n",
)
_PERMISSIONS = ("", "permissions:\n  contents: write\n  packages: read\n", "permissions: read-all\n", "permissions: {}\n",
                "permissions: {contents: read}\n", "permissions:\n  id-token: write\n", "permissions: write-all\n")  # fmt: skip
_HEADS = (
    "runs-on: ubuntu-latest\n",
    "name: Publish it\nruns-on: ubuntu-22.04\nenvironment: release\n",
    "runs-on: [ubuntu-latest]\n# why\nif: github.event_name == 'release'\n",
    "runs-on: windows-latest\n",
)


def _indented(text: str, columns: int) -> str:
    return "".join(" " * columns + line if line.strip() else line for line in text.splitlines(keepends=True))


@st.composite
def jobs(draw: st.DrawFn, name: str, unit: int) -> str:
    """One job with one upload among other steps."""
    before = draw(st.lists(st.sampled_from(_OTHERS), max_size=2))
    after = draw(st.lists(st.sampled_from(_OTHERS), max_size=1))
    gap = draw(st.sampled_from(("", "\n", "# a comment on its own\n")))
    steps = gap.join([*before, draw(st.sampled_from(_UPLOADS)), *after])
    head = draw(st.sampled_from(_HEADS)) + draw(st.sampled_from(_PERMISSIONS))
    dash = draw(st.sampled_from((0, unit)))
    return f"{' ' * unit}{name}:\n" + _indented(f"{head}steps:\n{_indented(steps, dash)}", 2 * unit)


@st.composite
def workflows(draw: st.DrawFn) -> bytes:
    """A workflow of one to three jobs, in some indentation, with some line end, with or without a last one."""
    unit = draw(st.sampled_from((2, 3, 4)))
    top = draw(st.sampled_from(("name: Release\n", "# first line\n\n"))) + draw(
        st.sampled_from(("on: push\n", '"on":\n  release:\n    types: [published]\n', "on: [push, workflow_call]\n"))
    )
    top += draw(st.sampled_from(_PERMISSIONS))
    body = draw(st.sampled_from(("", "\n"))).join(draw(jobs(f"job-{n}", unit)) for n in range(draw(st.integers(1, 3))))
    text = f"{top}jobs:\n{body}"
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    mark = draw(st.sampled_from((b"", b"\xef\xbb\xbf")))
    return mark + text.encode()


@st.composite
def mutated(draw: st.DrawFn, texts: list[bytes]) -> bytes:
    """One of `texts` with a few lines or characters changed, moved or doubled: often no workflow any more."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        kind = draw(st.sampled_from(("cut", "insert", "double", "line")))
        if kind == "cut":
            text = text[:at] + text[at + draw(st.integers(1, 12)) :]
        elif kind == "insert":
            words = (
                b"\t",
                b" ",
                b"\n",
                b"'",
                b'"',
                b"${{ ",
                b" }}",
                b"&a ",
                b"*a",
                b"{",
                b"]",
                b": ",
                b"- ",
                b"|",
                b"#",
                b"\x00",
                b"\xff",
                b"\\",
            )
            text = text[:at] + draw(st.sampled_from(words)) + text[at:]
        else:
            lines = text.splitlines(keepends=True) or [b""]
            number = draw(st.integers(0, len(lines) - 1))
            moved = lines[number] if kind == "double" else lines.pop(number)
            lines.insert(draw(st.integers(0, len(lines))), moved)
            text = b"".join(lines)
    return text
