"""What OAuth clients do. The service is in `credtui.service.clients.service`."""
