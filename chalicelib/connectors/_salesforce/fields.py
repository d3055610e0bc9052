"""What helpdesk and CRM ask alike of those who connect a Salesforce org: the login, and where it is."""

from __future__ import annotations

from chalicelib.ports.spec import CredentialField, OptionField, UsedFor

LOGIN = (
    CredentialField(
        name="client_id",
        description="Consumer key of the external client app (or connected app)",
        used_for=UsedFor.CALL,
        example="3MVG9IHf89I1t8hrvswazsWedXWY0i1qK20PSFaInvUgLFB6vrcb9bbWFTSIHpO8G2jxBLJA6uZGyPFC5Aejq",
    ),
    CredentialField(
        name="client_secret",
        description="Consumer secret of the app, for the client credentials flow as its run-as user",
        used_for=UsedFor.CALL,
        required=False,
        example="8D8E1D3F0A7B4C6E9F2A5B8C1D4E7F0A",
    ),
    CredentialField(
        name="refresh_token",
        description="Refresh token of the integration user, where the client credentials flow is not allowed",
        used_for=UsedFor.CALL,
        rotates=True,
        required=False,
        example="5Aep861TSESvWeug_xvFHRBTTbf_YrTWgEyjBJrfoRXcVkJZC1pVkGn",
    ),
)
"""Client credentials, or a refresh token."""
SITE = (
    OptionField(
        name="base_url",
        description="The org's My Domain address",
        required=True,
        example="https://acme.my.salesforce.com",
    ),
    OptionField(name="api_version", description="Version of the REST API", default="62.0", example="62.0"),
)
