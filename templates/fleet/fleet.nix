# The registry: every guest with its number, in one place. Host and guests import this file.
{
  routedGuests = {
    # Your own text: the prefixes of the fleet follow from it.
    seed = "server.example.org";

    guests = {
      web = { index = 1; peers = [ "db" ]; forwardPorts = [ { port = 80; } { port = 443; } ]; };
      db = { index = 2; outside = false; };
    };
  };
}
