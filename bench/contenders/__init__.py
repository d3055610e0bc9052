"""Lambda handlers that do the public function's job, each ``handler(event, context)``: ours, the floor, peers."""
