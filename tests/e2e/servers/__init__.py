"""Real third-party servers on this machine: installed from public registries, started on loopback, driven by tests.

    from tests.e2e.servers.rt import RequestTracker
    rt = RequestTracker(instance="my-test")
    rt.install()                                  # NotInstallable: skip, and say why
    rt.reset()
    rt.start(hook_url="http://127.0.0.1:8000/webhooks/helpdesk/rt/care")
    rt.agent().reply(ticket, "It left today.")
    rt.stop()

All servers have the methods of ``base.Server``; each module's class adds its start options, credentials and people.
``python -m tests.e2e.servers install|start|stop|status [name ...]`` does the same from a shell.
"""
