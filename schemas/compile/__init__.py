"""From a contract to what engines and portals read: one module a target, discovered by name."""
