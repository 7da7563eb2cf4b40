"""Everything that a person can do in the portal: one module for each verb."""
