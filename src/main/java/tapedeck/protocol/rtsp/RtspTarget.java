package tapedeck.protocol.rtsp;

import java.util.List;
import java.util.function.IntPredicate;

/// Which track a `SETUP` means, RFC 2326 C.1.1: its URI is the control attribute, or ends with it, wherever a client
/// puts it (ffmpeg: behind the query).
final class RtspTarget {
    private RtspTarget() {}

    /// @param controls of the tracks, in their order; "" where none was said
    /// @param setUp which tracks have been set up
    /// @return -1 if there is none
    static int index(String uri, List<String> controls, IntPredicate setUp) {
        String asked = uri.endsWith("/") ? uri.substring(0, uri.length() - 1) : uri;
        int found = -1;
        for (int i = 0; i < controls.size(); i++) {
            String control = controls.get(i);
            boolean longer = found < 0 || control.length() > controls.get(found).length();
            if (!control.isEmpty() && longer && asked.endsWith(control)) {
                found = i;
            }
        }
        if (found >= 0) {
            return found;
        }
        // RFC 2326 C.1.1: a single track may be called by the address of the whole; and where the description has no
        // names, only the order is left.
        boolean named = controls.size() > 1 && controls.stream().noneMatch(String::isEmpty);
        for (int i = 0; !named && i < controls.size(); i++) {
            if (!setUp.test(i)) {
                return i;
            }
        }
        return -1;
    }
}
