"""Which refs of pypa/gh-action-pypi-publish know trusted publishing: v1.8.0 (2023-03-16) and newer.

The commits before it were read from the action's repository; a full commit id that is not among them is newer.
"""

from __future__ import annotations

import re

_OLD_COMMITS = frozenset(
    """
    00ef3b8182 04871990d3 0497745d15 0575dc8eab 06a2dd6685 08af49986e 0b69a8c2df 0bc3d275be 0eaf3a11fd 0f45ea95d8
    102d8ab13f 12afb8d7be 1350b8bd72 176ae50c06 186232109e 19c0fbd15c 1acd093ab4 1bbe3c9926 1c4183fd91 1ef704e0ad
    1f0bcf278d 21ffeac7ef 22b4d1f125 239a5aacf5 242db25939 25d67dc298 27b31702a0 2ae9caf08e 2c1fc8ad24 2e00539ed7
    30bc6a06b7 312517a552 32324e5beb 323b1496ae 328cf89e05 328d2c65fa 32b5e93709 333a99ddeb 369493d046 37e305e741
    37f50c210e 3a5c774287 3a9eaef3ef 3bbac12773 3f27ae2c90 3f53700db1 4425980a33 470267472e 47622d7eb0 480ec4ed58
    4820c8c9b0 48259af24d 4992a00fb2 4f4304928f 54b250c7bf 54b39fb937 54e3ca66c3 55abf9c047 5755482491 57bdcc06a9
    57e7d53102 595429bec5 5a2ea379cb 5baaafca44 5c485f4c00 5d1679fa6b 5d18baa42c 5fb2f047e2 5fbbe92f7f 644926c972
    65c102608d 66f4ba747a 6a02ab807d 6a2da9bc3b 7104b6e981 7119a5d8cb 713d81cca0 717ba43cfb 74be6d36c6 777bfc4346
    77ee113713 7bbdccd64f 7c2cab72a6 7eb3b701d1 7ef975b955 819df810af 8225ac386c 8682135dac 881f0049bd 8d5f27cca4
    8e9ff975ca 9022aae148 91e612128c 9637f0b197 967acbb201 977d067561 9b8e7336db 9bda1cadd0 9cebe9a0ed 9d10dac7ce
    9f0421c6c6 9f41657646 a01fa7442e a260c7e54e a5f9cf8db0 a69a874116 a737e68aed a8ddac2458 aabe83c06d ab50aa7f47
    ae9c4b332a b0dc178d8e b3f93a1ad6 b62d85371d b645b1f9d3 b6c2b2a4d0 b78d2e95c3 bbf6e0b2f0 bbf7a2c2b8 bce3b74dbf
    bea5cda687 bf26813dfe bf7a320fba bfe363c91d c13a06eb2f c1b3402824 c37b99ec5f c3fbd68c15 c54db9c2b7 c5d8ac5008
    c6c6239ddf c7f29f7ade c83d37bdf0 c879b84594 c89694fb92 ca30c7da98 cc20110e17 ccc58ba516 cde4774fb1 ce291dce5b
    cf69e2047c d2a2496a01 d2ce3ec872 d368627606 d773dec8a8 d7872a6165 d7edd4c957 da3b2dad9a df31a30961 dfae161eab
    dfc70e7dc8 e34653ec97 e3c4eb7493 e4638127f9 e56e8212f4 e5cc29fe08 e71a4a4c1d e777b33388 ea3fbc950e ed5a157a01
    ee83abeb35 ee892fd7f2 efa83bf521 efcb9babc8 f131721e84 f334b3c277 f36788ee44 f3ebf87ba2 f4c7b2841d f68ac3ea4e
    f91f98d65e f9c30e0c30 fc71be69fe fedca4a9a8 ffa46275f9
    """.split()  # noqa: SIM905  # a table is read as a table
)
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-.]?[a-z]+\d*)?$")
_COMMIT = re.compile(r"[0-9a-f]{7,40}$")


def too_old(ref: str) -> str:
    """Return why a ref is too old for trusted publishing (or is none of the action's), or "" where it is not."""
    if ref in {"master", "main"}:
        return f"@{ref} was left behind at a version before v1.8.0, the first that knows trusted publishing"
    if ref == "v1":
        return "the action has no ref @v1; @release/v1 is the one that moves along"
    if ref.startswith("release/v1."):
        ref = ref.removeprefix("release/")
        return f"@release/{ref} is before v1.8.0, the first that knows trusted publishing" if _before(ref) else ""
    if _before(ref):
        return f"@{ref} is before v1.8.0, the first that knows trusted publishing"
    if _COMMIT.match(ref) and any(commit.startswith(ref[:10]) for commit in _OLD_COMMITS):
        return f"the commit {ref[:10]} is before v1.8.0, the first that knows trusted publishing"
    return ""


def _before(ref: str) -> bool:
    match = _VERSION.match(ref)
    if match is None or match[2] is None:
        return False
    return (int(match[1]), int(match[2])) < (1, 8)


def pinned(ref: str) -> bool:
    """Whether a ref is a full commit id."""
    return re.fullmatch(r"[0-9a-f]{40}", ref) is not None
