{
  system.stateVersion = "25.11";
  networking.firewall.allowedTCPPorts = [ 8080 ];
}
