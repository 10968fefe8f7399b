package tapedeck.container.matroska;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Whose media session a track is of: a tag of the track, RFC 9559 5.1.8.
final class MatroskaTags {
    static final String MEDIA_SESSION = "MEDIA_SESSION_ID";

    private MatroskaTags() {}

    static EbmlWriter ofTrack(int uid, String mediaSessionId) {
        return new EbmlWriter()
                .master(ElementId.TARGETS, new EbmlWriter().uint(ElementId.TAG_TRACK_UID, uid))
                .master(
                        ElementId.SIMPLE_TAG,
                        new EbmlWriter()
                                .text(ElementId.TAG_NAME, MEDIA_SESSION)
                                .text(ElementId.TAG_STRING, mediaSessionId));
    }

    /// The media sessions by the tracks' UID.
    static Map<Long, String> sessions(List<EbmlReader.Child> tags) {
        Map<Long, String> sessions = new HashMap<>();
        for (EbmlReader.Child tag : tags) {
            if (tag.id() != ElementId.TAG) {
                continue;
            }
            long uid = 0;
            String session = "";
            for (EbmlReader.Child child : tag.children()) {
                if (child.id() == ElementId.TARGETS) {
                    uid = uid(child.children());
                } else if (child.id() == ElementId.SIMPLE_TAG) {
                    session = session(child.children(), session);
                }
            }
            if (!session.isEmpty()) {
                sessions.put(uid, session);
            }
        }
        return sessions;
    }

    private static long uid(List<EbmlReader.Child> targets) {
        for (EbmlReader.Child child : targets) {
            if (child.id() == ElementId.TAG_TRACK_UID) {
                return child.uint();
            }
        }
        return 0;
    }

    private static String session(List<EbmlReader.Child> simpleTag, String before) {
        String name = "";
        String value = "";
        for (EbmlReader.Child child : simpleTag) {
            if (child.id() == ElementId.TAG_NAME) {
                name = child.text();
            } else if (child.id() == ElementId.TAG_STRING) {
                value = child.text();
            }
        }
        return name.equals(MEDIA_SESSION) ? value : before;
    }
}
