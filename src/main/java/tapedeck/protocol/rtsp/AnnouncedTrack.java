package tapedeck.protocol.rtsp;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import tapedeck.media.Track;
import tapedeck.rtp.payload.Depacketizer;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.sdp.MediaDescription;
import tapedeck.rtp.sdp.SessionDescription;

/// A section of the description that a publisher announces.
///
/// @param id of the stream's track; 0 for what is neither sound nor picture and is not kept
/// @param control how `SETUP` calls it
/// @param formats that can be received
record AnnouncedTrack(int id, String control, List<PayloadFormat> formats) {
    private static final Set<String> MEDIA = Set.of("video", "audio");

    AnnouncedTrack {
        formats = List.copyOf(formats);
    }

    /// Why nothing can be made of a description.
    static final class UnsupportedException extends Exception {
        UnsupportedException(String reason) {
            super(reason);
        }
    }

    /// @throws UnsupportedException naming what does not fit; nothing is left out of a publication silently
    static List<AnnouncedTrack> of(SessionDescription description) throws UnsupportedException {
        List<AnnouncedTrack> tracks = new ArrayList<>();
        boolean media = false;
        for (MediaDescription section : description.media()) {
            String control = section.attribute("control");
            int id = 0;
            List<PayloadFormat> formats = List.of();
            if (MEDIA.contains(section.type())) {
                id = section.type().equals("video") ? Track.VIDEO : Track.AUDIO;
                formats = formats(section);
                for (AnnouncedTrack other : tracks) {
                    if (other.id() == id) {
                        throw new UnsupportedException("more than one track of " + section.type());
                    }
                }
                media = true;
            }
            tracks.add(new AnnouncedTrack(id, control == null ? "" : control.strip(), formats));
        }
        if (!media) {
            throw new UnsupportedException("neither video nor audio in the description");
        }
        return tracks;
    }

    /// What can be taken of a description that another server gives: the first picture and the first sound that can be
    /// received; a camera has other things too, and they are its own business.
    ///
    /// @throws UnsupportedException if nothing can be taken, naming what was there
    static List<AnnouncedTrack> taken(SessionDescription description) throws UnsupportedException {
        List<AnnouncedTrack> tracks = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        for (MediaDescription section : description.media()) {
            String control = section.attribute("control");
            int id = 0;
            List<PayloadFormat> formats = List.of();
            int wanted = section.type().equals("video") ? Track.VIDEO : Track.AUDIO;
            if (MEDIA.contains(section.type()) && tracks.stream().noneMatch(track -> track.id() == wanted)) {
                try {
                    formats = formats(section);
                    id = wanted;
                } catch (UnsupportedException e) {
                    refused.add(String.valueOf(e.getMessage()));
                }
            }
            tracks.add(new AnnouncedTrack(id, control == null ? "" : control.strip(), formats));
        }
        if (tracks.stream().allMatch(track -> track.id() == 0)) {
            throw new UnsupportedException(
                    refused.isEmpty() ? "neither video nor audio in the description" : String.join("; ", refused));
        }
        return tracks;
    }

    private static List<PayloadFormat> formats(MediaDescription section) throws UnsupportedException {
        List<PayloadFormat> all = section.payloadFormats();
        List<PayloadFormat> known = all.stream().filter(Depacketizer::supports).toList();
        if (known.isEmpty()) {
            String names = all.isEmpty()
                    ? "payload type " + String.join(" ", section.formats())
                    : String.join(
                            " ", all.stream().map(PayloadFormat::encodingName).toList());
            throw new UnsupportedException("%s %s cannot be received; H264, H265, VP8, VP9, AV1, mpeg4-generic, "
                            .formatted(section.type(), names)
                    + "MP4A-LATM, opus, MPA, PCMU, PCMA and G722 can");
        }
        return known;
    }
}
