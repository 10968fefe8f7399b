package tapedeck.protocol.rtmp;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;

/// An address as RTMP says it: the last part of the path is the stream with its query, what stands before it the
/// application. Where the stream's name has a `/` itself, `//` separates the two.
///
/// @param tcUrl the address without the stream
record RtmpAddress(String tcUrl, String app, String stream) {
    static RtmpAddress of(RelayTarget target) throws RelayRefusedException {
        String path = decoded(target.uri().getRawPath());
        while (path.startsWith("/")) {
            path = path.substring(1);
        }
        int twice = path.indexOf("//");
        int slash = twice < 0 ? path.lastIndexOf('/') : twice;
        String app = slash < 0 ? "" : path.substring(0, slash);
        String name = slash < 0 ? "" : path.substring(slash + (twice < 0 ? 1 : 2));
        if (app.isEmpty() || name.isEmpty()) {
            throw new RelayRefusedException(
                    RelayRefusedException.Reason.ADDRESS, "address: rtmp://host/application/stream is needed");
        }
        String query = target.uri().getRawQuery();
        return new RtmpAddress(
                target.scheme() + "://" + target.hostAndPort() + "/" + app,
                app,
                query == null ? name : name + "?" + query);
    }

    /// The same with a query behind the application, which is where passwords are shown.
    RtmpAddress asking(String query) {
        return query.isEmpty() ? this : new RtmpAddress(tcUrl + "?" + query, app + "?" + query, stream);
    }

    private static String decoded(String path) {
        try {
            return URLDecoder.decode(path.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return path;
        }
    }
}
