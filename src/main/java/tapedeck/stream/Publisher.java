package tapedeck.stream;

import java.util.Random;
import java.util.UUID;

/// Who publishes a stream, and what is known of it before the first frame.
///
/// @param address the peer's address and port
/// @param sessionId unique to the peer's connection
/// @param login the user's name, or one made at random where the peer gave none
/// @param recording whether this publisher wants to be recorded
/// @param expects the kinds of track that the peer announced: a recorder waits for them a little while
public record Publisher(
        Protocol protocol, String address, String sessionId, String login, RecordWish recording, Expects expects) {

    public enum Protocol {
        RTMP,
        RTSP,
        WEBRTC,
        RTP,
        MPEGTS,
        LIVEFLV,
        HTTP,
        MIXER
    }

    public enum RecordWish {
        AS_CONFIGURED,
        YES,
        NO
    }

    public enum Expects {
        VIDEO,
        AUDIO,
        BOTH,
        UNKNOWN;

        public boolean video() {
            return this == VIDEO || this == BOTH;
        }

        public boolean audio() {
            return this == AUDIO || this == BOTH;
        }

        /// For a peer that said exactly this.
        public static Expects of(boolean video, boolean audio) {
            return video && audio ? BOTH : video ? VIDEO : audio ? AUDIO : UNKNOWN;
        }
    }

    private static final int LOGIN_LETTERS = 8;

    /// Of a session that gets its id here, and that is recorded as it is configured.
    ///
    /// @param login "" where the peer gave none: then one is made up
    public static Publisher asConfigured(
            Protocol protocol, String address, String login, Expects expects, Random random) {
        return new Publisher(
                protocol,
                address,
                UUID.randomUUID().toString(),
                login.isEmpty() ? randomLogin(random) : login,
                RecordWish.AS_CONFIGURED,
                expects);
    }

    /// A login for a peer that gave none.
    public static String randomLogin(Random random) {
        StringBuilder login = new StringBuilder();
        for (int i = 0; i < LOGIN_LETTERS; i++) {
            login.append((char) ('a' + random.nextInt('z' - 'a' + 1)));
        }
        return login.toString();
    }

    Publisher expecting(Expects kinds) {
        return new Publisher(protocol, address, sessionId, login, recording, kinds);
    }
}
