package tapedeck.settings;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A STUN or TURN server that clients are told of, as `webrtc_ice_servers` names it.
///
/// @param url RFC 7064 or RFC 7065: `stun:HOST:PORT`, `turn:HOST:PORT?transport=udp` and so on
/// @param user "" where there is none
/// @param password goes to every client; "" where there is none
/// @param secret shared with the TURN server, which makes passwords that end; "" where there is none
public record IceServer(String url, String user, String password, String secret) {
    static final String ALLOWED =
            "stun:HOST:PORT, turn:HOST:PORT?transport=udp USER PASSWORD or turn:HOST:PORT secret=KEY, separated by commas";

    private static final String HOST_AND_PORT = "(?:\\[[0-9a-fA-F:.]+]|[^\\[\\]:/?#@\\s\"<>;]+)(?::[0-9]{1,5})?";
    private static final Pattern STUN = Pattern.compile("stuns?:" + HOST_AND_PORT);
    private static final Pattern TURN = Pattern.compile("turns?:" + HOST_AND_PORT + "(?:\\?transport=(?:udp|tcp))?");
    /// What can stand in a header as it is, between quotes.
    private static final Pattern PLAIN = Pattern.compile("[!#-\\[\\]-~]+");

    private static final String SECRET = "secret=";

    /// @throws IllegalArgumentException for what is neither
    static IceServer parse(String item) {
        String[] words = item.strip().split("\\s+", -1);
        Matcher stun = STUN.matcher(words[0]);
        if (stun.matches() && words.length == 1) {
            return new IceServer(words[0], "", "", "");
        }
        if (TURN.matcher(words[0]).matches()) {
            if (words.length == 2 && words[1].startsWith(SECRET) && words[1].length() > SECRET.length()) {
                return new IceServer(words[0], "", "", words[1].substring(SECRET.length()));
            }
            if (words.length == 3
                    && PLAIN.matcher(words[1]).matches()
                    && PLAIN.matcher(words[2]).matches()) {
                return new IceServer(words[0], words[1], words[2], "");
            }
        }
        throw new IllegalArgumentException("not an ICE server");
    }
}
