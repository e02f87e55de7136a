"""Surveys: many submitters, one aggregate, every report with its proof.

Two agencies aggregate and neither sees an answer; a third party, the
collector, learns the sums. All of it is pure: bytes in, bytes out; disks,
sockets and clocks belong to the caller.

    task        what is asked, by whom, until when
    report      what a submitter uploads
    message     what the two aggregators tell each other
    batch       keys, the first look at uploads, the batch that grows
    aggregator  the steps of leader and helper
    keep        what they store between steps
    release     what they sign and seal to the collector
    result      the sums, and how anybody checks them
    entry       what the ledger holds of it, and a result held to that

Implements docs/protocols/vdaf.md.
"""
