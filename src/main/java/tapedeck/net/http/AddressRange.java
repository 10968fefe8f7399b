package tapedeck.net.http;

import java.net.InetAddress;
import tapedeck.bytes.MalformedException;

/// One address, or a network in CIDR notation (RFC 4632 3.1): `192.0.2.7`, `10.0.0.0/8`, `fd00::/8`.
public record AddressRange(InetAddress network, int prefixBits) {

    /// @throws MalformedException for what is neither
    public static AddressRange parse(String text) {
        int slash = text.indexOf('/');
        try {
            InetAddress network = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
            int allBits = network.getAddress().length * 8;
            int prefixBits = slash < 0 ? allBits : Integer.parseInt(text.substring(slash + 1));
            if (prefixBits >= 0 && prefixBits <= allBits) {
                return new AddressRange(network, prefixBits);
            }
        } catch (IllegalArgumentException e) {
            throw new MalformedException(message(text), e);
        }
        throw new MalformedException(message(text));
    }

    private static String message(String text) {
        return "\"%s\" is neither an IP address nor a network such as 10.0.0.0/8".formatted(text);
    }

    public boolean contains(InetAddress address) {
        byte[] mine = network.getAddress();
        byte[] theirs = address.getAddress();
        if (mine.length != theirs.length) {
            return false;
        }
        for (int bit = 0; bit < prefixBits; bit++) {
            int mask = 0x80 >> (bit & 7);
            if ((mine[bit >> 3] & mask) != (theirs[bit >> 3] & mask)) {
                return false;
            }
        }
        return true;
    }
}
