"""Domain separation: every tag that PrivShare hashes under, in one table.

A tag is the first thing a tagged hash absorbs (`digest.tagged`), so a digest
made for one purpose never stands for another. Nobody else writes a tag: what
is not in this table is not hashed. Tags are part of the formats in
docs/formats; a tag whose meaning changes gets a new version.

>>> len(TAGS) == len(set(TAGS.values()))
True
"""

from __future__ import annotations

from typing import Final

_PREFIX = b"privshare/v1/"


def _tag(name: bytes) -> bytes:
    return _PREFIX + name


# Keys and sealed messages
KEY_ID: Final = _tag(b"key-id")  # algorithm, public key: the kid
KEY_FILE: Final = _tag(b"key-file")  # header of a passphrase-protected key
SEAL: Final = _tag(b"seal")  # HPKE info: caller's info, associated data
SEAL_HYBRID: Final = _tag(b"seal-hybrid")  # the same, for hybrid keys
SHARE: Final = _tag(b"share")  # a key share on its way to its holder
RESHARING: Final = _tag(b"resharing")  # public parts of a re-sharing, in order

# Records
ROW: Final = _tag(b"row")  # cell count, cell commitments: a row's commitment
CELL: Final = _tag(b"cell")  # salt, canonical value: a cell's commitment
CELL_SALT: Final = _tag(b"cell-salt")  # a cell's salt from its row's salt
CELL_VALUE: Final = _tag(b"cell-value")  # canonical text: a provable cell's scalar
CELL_BLINDING: Final = _tag(b"cell-blinding")  # cell salt: a provable cell's blinding
SCHEMA: Final = _tag(b"schema")  # a dataset's columns
METADATA: Final = _tag(b"metadata")  # a dataset's description
POLICY: Final = _tag(b"policy")  # a policy document
TERMS: Final = _tag(b"terms")  # the terms of a grant
FILTER: Final = _tag(b"filter")  # a filter of rows, under a key of its dataset
SUBSET: Final = _tag(b"subset")  # filter, datasets, grouping: what was asked of
MECHANISM: Final = _tag(b"mechanism")  # how an answer is made noisy
DISCLOSURE: Final = _tag(b"disclosure")  # an opened row on its way to a reader

# Ledger
TX_ID: Final = _tag(b"tx-id")  # a transaction's payload: its id
GENESIS: Final = _tag(b"genesis")  # entry 0
PARAMS: Final = _tag(b"params")  # the network's parameters
ENROLMENT: Final = _tag(b"enrolment")  # an agency's request to be admitted
STATE_KEY: Final = _tag(b"state-key")  # where a key stands in the state map
STATE_LEAF: Final = _tag(b"state-leaf")  # key hash, value digest
STATE_NODE: Final = _tag(b"state-node")  # left, right

# Statements
STATEMENT: Final = _tag(b"statement")  # network, ring, epoch, scope, tag, digest: id
STATEMENT_MESSAGE: Final = _tag(b"statement-message")  # salt, SHA-256 of a message
STATEMENT_SCOPE: Final = _tag(b"statement-scope")  # network, ring, scope
STATEMENT_CONTEXT: Final = _tag(b"statement-context")  # network, ring, epoch
OPENING: Final = _tag(b"opening")  # network, statement, agency, reason
PROOF_DOCUMENT: Final = _tag(b"proof-document")  # a proof with what it is about

# Jobs
JOB_SPEC: Final = _tag(b"job-spec")  # program, inputs, parameters
JOB_REQUEST: Final = _tag(b"job-request")  # what a use was reserved for
INPUT: Final = _tag(b"input")  # a party's committed input
PIECE: Final = _tag(b"piece")  # salt, number, bytes: one piece of a sharing
PAIR: Final = _tag(b"pair")  # what a key is for, a key that two nodes share
OUTCOME: Final = _tag(b"outcome")  # what three nodes computed together
RESULT: Final = _tag(b"result")  # a result document
EVIDENCE: Final = _tag(b"evidence")  # the technique's own proof
TRANSCRIPT: Final = _tag(b"transcript")  # messages between the parties
MPC_LABEL: Final = _tag(b"mpc-label")  # the name of a step between nodes
MPC_KEY: Final = _tag(b"mpc-key")  # job, pair, certificates: randomness of a pair
MPC_AUTHORITY: Final = _tag(b"mpc-authority")  # job: seed of a key that all know
PROGRAM: Final = _tag(b"program")  # a measured program's whole code closure
ATTESTATION: Final = _tag(b"attestation")  # evidence, as an archive names it
ENDORSEMENTS: Final = _tag(b"endorsements")  # what makers said of machines
APPRAISAL_POLICY: Final = _tag(b"appraisal-policy")  # what evidence is accepted
ADMISSION: Final = _tag(b"admission")  # what evidence is bound to before data
CONCLUSION: Final = _tag(b"conclusion")  # and after the result
NONCE: Final = _tag(b"nonce")  # job, party, nonce: committed before evidence
RELEASE: Final = _tag(b"release")  # data on its way to an attested key
TPM_CHALLENGE: Final = _tag(b"tpm-challenge")  # secret, names of AK and EK
MODULE_CACHE: Final = _tag(b"module-cache")  # key and compiled code of a module
SIMULATED: Final = _tag(b"simulated")  # a statement of a machine that is none
RECEIPT: Final = _tag(b"receipt")  # a receipt, as bundles name it
ATTACHMENT: Final = _tag(b"attachment")  # a file that travels with a receipt

# Private joins
JOIN_RECIPE: Final = _tag(b"join-recipe")  # how identifiers are written
JOIN_TERMS: Final = _tag(b"join-terms")  # what two owners agreed on
JOIN_SESSION: Final = _tag(b"join-session")  # terms and both commitments
JOIN_CONCLUSION: Final = _tag(b"join-conclusion")  # sizes, messages, result
JOIN_IDENTIFIERS: Final = _tag(b"join-identifiers")  # salt, those that matched
JOIN_KEY: Final = _tag(b"join-key")  # seed: a party's scalar
JOIN_ROW: Final = _tag(b"join-row")  # seed, place: what pads or blinds a row
JOIN_SETS: Final = _tag(b"join-sets")  # both commitments, as job.open has them

# Submitted code
SUBMISSION: Final = _tag(b"submission")  # all files of submitted code
ACCOUNT: Final = _tag(b"account")  # whose account it is: its id
ACCOUNT_KEY: Final = _tag(b"account-key")  # public keys of an account of PySyft
MOCK: Final = _tag(b"mock")  # made-up rows of a dataset
OUTPUTS: Final = _tag(b"submission-outputs")  # names and bytes of what is released
GATE: Final = _tag(b"gate")  # what submitted code may take, and may leave

# Surveys
SURVEY: Final = _tag(b"survey")  # a survey's document: its id
SURVEY_KEY: Final = _tag(b"survey-key")  # commitment to the verification key
SURVEY_INPUT: Final = _tag(b"survey-input")  # a report's share on its way
SURVEY_MESSAGE: Final = _tag(b"survey-message")  # what aggregators send each other
SURVEY_TRANSCRIPT: Final = _tag(b"survey-transcript")  # earlier ones, a job's messages
SURVEY_REPORTS: Final = _tag(b"survey-reports")  # earlier ones, accepted report ids
SURVEY_SHARE: Final = _tag(b"survey-share")  # salt, aggregate share: a commitment
SURVEY_RESULT: Final = _tag(b"survey-result")  # a result document, as the log names it

# Encrypted columns
COLUMN: Final = _tag(b"column")  # header and ciphertexts of a column's bytes

# Rings
RING: Final = _tag(b"ring")  # public keys, ascending: a ring
RING_SCOPE: Final = _tag(b"ring-scope")  # in which a member signs once unseen
REGULATORS: Final = _tag(b"regulators")  # threshold, public keys in order

# Proofs
PROOF: Final = _tag(b"proof")  # a statement that a proof is for, or a part of one
CANDIDATES: Final = _tag(b"candidates")  # columns of elements: a one-of-many list

#: Name to tag, for documents and tests.
TAGS: Final[dict[str, bytes]] = {
    name: value
    for name, value in sorted(globals().items())
    if name.isupper() and not name.startswith("_") and isinstance(value, bytes)
}
