"""The Chalice object. Everything else is in ``chalicelib``."""

from chalice.app import Chalice

from chalicelib.entrypoints import api, dead_letters, identify, inbound, jobs, outbound, poll, watch

app = Chalice(app_name="careloop", configure_logs=False)
# No webhook is binary, and Chalice deploys no route whose content types are of both kinds.
app.api.binary_types = []
for module in (api, identify, inbound, outbound, jobs, poll, watch, dead_letters):
    app.register_blueprint(module.bp)
