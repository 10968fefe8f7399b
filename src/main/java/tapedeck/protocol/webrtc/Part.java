package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tapedeck.media.Codec;
import tapedeck.rtp.payload.Depacketizer;
import tapedeck.rtp.payload.H264Parameters;
import tapedeck.rtp.payload.PayloadFormat;
import tapedeck.rtp.sdp.MediaDescription;

/// Our part in a session: what we take of an offer, and which direction that has.
sealed interface Part {

    /// Of the section in our answer.
    MediaDescription.Direction direction();

    /// Whether the peer's direction leaves something for us to do.
    boolean fits(MediaDescription.Direction offered);

    /// The format that the section will have, or null if there is none for us.
    ///
    /// @param type `audio` or `video`
    /// @param offered in the peer's order of preference
    @Nullable
    PayloadFormat choose(String type, List<PayloadFormat> offered);

    /// Header extensions that we want.
    ///
    /// @param layered whether several layers of a picture have to be told apart
    Set<String> extensions(boolean layered);

    /// Why no section at all could be taken, in words.
    ///
    /// @param offered the formats of all sections
    String nothingFits(List<PayloadFormat> offered);

    /// A publisher's offer.
    record Receiving() implements Part {
        /// With how the picture is turned: a browser that may not say it turns the picture itself.
        private static final Set<String> ALWAYS =
                Set.of(AgreedMedia.MID, AgreedMedia.ABS_SEND_TIME, AgreedMedia.TRANSPORT_WIDE, AgreedMedia.ORIENTATION);

        @Override
        public MediaDescription.Direction direction() {
            return MediaDescription.Direction.RECVONLY;
        }

        @Override
        public boolean fits(MediaDescription.Direction offered) {
            return switch (offered) {
                case SENDRECV, SENDONLY -> true;
                case RECVONLY, INACTIVE -> false;
            };
        }

        /// The first that we can put together again. H.264 with one NAL unit per packet (mode 0) costs the sender's
        /// encoder: where the same profile is offered with mode 1 too, that is it.
        @Override
        public @Nullable PayloadFormat choose(String type, List<PayloadFormat> offered) {
            for (PayloadFormat format : offered) {
                if (Depacketizer.supports(format) && Formats.isVideo(format) == type.equals("video")) {
                    if (!format.is("H264")) {
                        return format;
                    }
                    H264Parameters parameters = H264Parameters.parse(format);
                    if (parameters.packetizationMode() == 1) {
                        return format;
                    }
                    if (parameters.packetizationMode() == 0) {
                        return withFragments(format, parameters.profile(), offered);
                    }
                }
            }
            return null;
        }

        private static PayloadFormat withFragments(
                PayloadFormat format, H264Parameters.Profile profile, List<PayloadFormat> offered) {
            for (PayloadFormat other : offered) {
                if (other.is("H264")) {
                    H264Parameters parameters = H264Parameters.parse(other);
                    if (parameters.packetizationMode() == 1 && parameters.profile() == profile) {
                        return other;
                    }
                }
            }
            return format;
        }

        @Override
        public Set<String> extensions(boolean layered) {
            Set<String> extensions = new HashSet<>(ALWAYS);
            if (layered) {
                extensions.addAll(List.of(AgreedMedia.RID, AgreedMedia.REPAIRED_RID));
            }
            return extensions;
        }

        @Override
        public String nothingFits(List<PayloadFormat> offered) {
            return "the offer sends nothing that this server takes (%s); it has %s"
                    .formatted(Formats.received(), Formats.names(offered));
        }
    }

    /// A viewer's offer.
    ///
    /// @param codecs of the stream's tracks
    record Sending(List<Codec> codecs) implements Part {
        private static final Set<String> EXTENSIONS =
                Set.of(AgreedMedia.MID, AgreedMedia.ABS_SEND_TIME, AgreedMedia.TRANSPORT_WIDE, AgreedMedia.ORIENTATION);

        public Sending {
            codecs = List.copyOf(codecs);
        }

        @Override
        public MediaDescription.Direction direction() {
            return MediaDescription.Direction.SENDONLY;
        }

        @Override
        public boolean fits(MediaDescription.Direction offered) {
            return switch (offered) {
                case SENDRECV, RECVONLY -> true;
                case SENDONLY, INACTIVE -> false;
            };
        }

        @Override
        public @Nullable PayloadFormat choose(String type, List<PayloadFormat> offered) {
            for (Codec codec : codecs) {
                if (codec instanceof Codec.Video == type.equals("video")) {
                    PayloadFormat format = Formats.carrier(codec, offered);
                    if (format != null) {
                        return format;
                    }
                }
            }
            return null;
        }

        @Override
        public Set<String> extensions(boolean layered) {
            return EXTENSIONS;
        }

        @Override
        public String nothingFits(List<PayloadFormat> offered) {
            List<String> names = new ArrayList<>();
            codecs.forEach(codec -> names.add(codec.name()));
            return "the stream is %s, the offer takes %s"
                    .formatted(
                            names.isEmpty() ? "still empty" : names.stream().collect(Collectors.joining(" and ")),
                            Formats.names(offered));
        }
    }
}
