"""What OAuth clients do, as `credtui.service.clients.service` has it."""
