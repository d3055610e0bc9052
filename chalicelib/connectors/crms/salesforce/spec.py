"""Salesforce's contacts: the data sheet."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.connectors._salesforce.fields import LOGIN, SITE
from chalicelib.connectors.toolkit.identity_fields import IDENTITY_OPTIONS
from chalicelib.core.budgets import BudgetHeaders, Form
from chalicelib.core.capabilities import CrmCapabilities
from chalicelib.core.people import ClueKind
from chalicelib.ports.spec import CrmSpec, Fact, OptionField, ShownBy

SPEC = CrmSpec(
    name="salesforce",
    title="Salesforce",
    capabilities=CrmCapabilities(
        finds_by=frozenset(kind.value for kind in ClueKind),
        lists_contacts=True,
        links_identities=True,
        logs_interactions=True,
        holds_marketing=True,
        note="Handles and ids are looked up in the fields of Contact that identity_fields names.",
    ),
    credentials=LOGIN,
    options=(
        *SITE,
        *IDENTITY_OPTIONS,
        OptionField(
            name="customer_number_field",
            description="Field of Contact that holds the customer number",
            example="Customer_Number__c",
        ),
        OptionField(
            name="marketing_hold_field",
            description="Checkbox of Contact that is checked while a ticket is open",
            example="Social_Complaint_Open__c",
        ),
        OptionField(name="task_status", description="Status of tasks that log tickets", default="Completed"),
        OptionField(
            name="region",
            description="Country (ISO 3166) of phone numbers that are written without one",
            example="DE",
        ),
    ),
    shown_by=ShownBy.DOCUMENTATION,
    budgets=(BudgetHeaders(remaining="sforce-limit-info", form=Form.USED, window=timedelta(minutes=15)),),
    facts=(
        Fact(
            what="SOQL compares text without regard to case; backslash and quote are escaped with a backslash",
            source="SOQL and SOSL Reference, Comparison Operators; Quoted String Escape Sequences",
            date="2026",
        ),
        Fact(
            what="SOSL finds a number in phone fields however it is written; its index may be minutes late",
            source="SOQL and SOSL Reference, IN SearchGroup",
            date="2026",
        ),
        Fact(
            what="queryAll gives deleted and merged records while they are in the recycle bin (15 days)",
            source="REST API Developer Guide, QueryAll",
            date="2026",
        ),
        Fact(
            what="SystemModstamp also moves with changes by automation; formula fields do not move it",
            source="Object Reference, System Fields",
            date="2026",
        ),
        Fact(
            what="Sforce-Limit-Info: api-usage=used/limit of the last 24 hours",
            source="REST API Developer Guide, Limit Info Header",
            date="2026",
        ),
    ),
)
