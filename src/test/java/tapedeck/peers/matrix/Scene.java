package tapedeck.peers.matrix;

import java.nio.file.Path;
import tapedeck.peers.RangeServer;
import tapedeck.peers.TestServer;

/// What all cells have in common.
///
/// @param server whose ways in and out are tried
/// @param far another one, from which streams are pulled and to which they are pushed
/// @param chromium a page of it
/// @param firefox a page of it; null where nobody needs it
/// @param files a web server with the files of `folder`
/// @param folder for sources that are files
record Scene(TestServer server, TestServer far, PlayPage chromium, PlayPage firefox, RangeServer files, Path folder) {
    /// An address on the server.
    String live(String name, String extension) {
        return server.httpUrl("/live/" + name + extension);
    }

    String hls(String name, String playlist) {
        return server.httpUrl("/hls/" + name + "/" + playlist);
    }

    static String local(String scheme, int port, String behind) {
        return "%s://127.0.0.1:%d%s".formatted(scheme, port, behind);
    }
}
