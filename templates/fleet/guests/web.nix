{ config, ... }:

{
  system.stateVersion = "25.11";

  # Addresses of others are read from the registry, never written twice.
  services.nginx = {
    enable = true;
    virtualHosts.default.locations."/".proxyPass = "http://${config.routedGuests.guests.db.ipv4}:8080";
  };
}
