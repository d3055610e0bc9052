"""What Meta's platforms share: one app, one webhook, one signature, one error envelope. No connector itself."""
