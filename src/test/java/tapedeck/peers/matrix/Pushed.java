package tapedeck.peers.matrix;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import tapedeck.peers.TestServer;
import tapedeck.stream.Stream;

/// A push of the server's to somebody who listens.
///
/// @param to who takes it
record Pushed(TestServer server, String id, Player to) implements Player {
    static Pushed start(TestServer server, Stream stream, String address, Map<String, String> options, Player to)
            throws Exception {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("localStreamName", stream.name().value());
        body.put("uri", address);
        body.put("options", options);
        String id = Rest.post(server, "pull/push", body).get("mediaSessionId").asString();
        return new Pushed(server, id, to);
    }

    @Override
    public Taken taken(Clip clip) throws Exception {
        for (long left = DEADLINE_SECONDS * 20; left > 0; left--) {
            var now = Rest.relay(server, "push", id);
            if (now.get("status").asString().equals("ENDED")) {
                String why = now.get("lastError").asString();
                if (why.matches(".*(cannot carry|carries nothing).*")) {
                    to.stop();
                    return Taken.REFUSED;
                }
                Taken taken = to.taken(clip);
                if (taken.fits().matches("picture|sound")
                        && now.get("leftOut").asString().isEmpty()) {
                    taken.faults().add("nothing says what is left out: " + now);
                }
                return taken;
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        return Taken.failed("the push does not end with the publisher");
    }

    @Override
    public OptionalDouble secondsToFirst() {
        return to.secondsToFirst();
    }

    @Override
    public void stop() {
        to.stop();
    }
}
