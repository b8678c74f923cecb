"""The table of rights: what can be asked of an account, and which role has it. Pages and commands each ask for one."""

from enum import StrEnum


class Right(StrEnum):
    """What a page or command asks for."""

    see_figures = "see figures"  # published, disclosure-controlled: what members reach
    see_gazetteer = "see the gazetteer"  # its health, and imports that hold nothing of electors
    import_gazetteer = "import the gazetteer"  # and whatever else holds nothing of electors
    see_properties = "see properties"  # addresses, and which systems have them in their lists: nothing of persons
    see_data = "see data"  # exact figures, imports, segments, campaigns
    import_data = "import data"
    see_suppressions = "see suppressions"
    suppress = "add suppressions"
    lift = "lift suppressions"
    find_homes = "find a home and what was sent to it"
    plan = "plan campaigns"
    approve = "approve campaigns"
    send = "launch, pause and stop campaigns"
    audit = "read the audit log"
    administer = "manage accounts"
    answer_requests = "find, export and erase what is held of a person"
    canvass = "see own lists"
    read_metrics = "read metrics"


class Role(StrEnum):
    administrator = "administrator"
    officer = "officer"
    approver = "approver"
    auditor = "auditor"
    member = "member"
    custodian = "custodian"
    data_protection = "data protection"
    canvasser = "canvasser"


OF_SYSTEMS = frozenset({
    Right.see_figures, Right.see_gazetteer, Right.see_properties, Right.see_data, Right.read_metrics,
})  # fmt: skip
"""What a token may be given. Whatever is planned, approved, sent or changed is answered for by a person."""

OF_NO_OFFICE = frozenset({Right.canvass, Right.read_metrics})
"""Lists are of whoever calls at the homes on them, and metrics of the system that watches."""

READERS = frozenset({
    Right.see_figures, Right.see_gazetteer, Right.see_properties, Right.see_data, Right.see_suppressions,
})  # fmt: skip

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.administrator: frozenset(Right) - OF_NO_OFFICE,
    Role.officer: READERS
    | {Right.import_gazetteer, Right.import_data, Right.suppress, Right.lift, Right.find_homes, Right.plan, Right.send},
    Role.approver: READERS | {Right.approve, Right.send},
    Role.auditor: READERS | {Right.audit},
    Role.member: frozenset({Right.see_figures}),
    Role.custodian: frozenset({Right.see_gazetteer, Right.see_properties, Right.import_gazetteer}),
    Role.data_protection: frozenset(
        {Right.see_suppressions, Right.suppress, Right.lift, Right.find_homes, Right.audit, Right.answer_requests}
    ),
    Role.canvasser: frozenset({Right.canvass}),
}

SAID: dict[Role, str] = {
    Role.administrator: "all of it but the lists of canvassers, and accounts and the tokens of systems",
    Role.officer: "import, find homes, lift suppressions, build segments, plan, launch, pause and stop",
    Role.approver: "read everything an officer reads, approve or send back, pause and stop",
    Role.auditor: "read everything an officer reads, and the audit log, and change nothing",
    Role.member: "read the published figures by ward, nothing else",
    Role.custodian: "read the health of the gazetteer, and import it and what else holds nothing of electors",
    Role.data_protection: (
        "find, export and erase what is held of a person, find homes, add and lift suppressions, read the audit log"
    ),
    Role.canvasser: "read the lists that are their own, nothing else",
}
"""One sentence a role, for docs/operators/roles.md."""
