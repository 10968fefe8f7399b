package tapedeck.codec.av1;

/// What a sequence header says of how the frame headers behind it are written: AV1 specification 5.5.1, with the
/// specification's names.
///
/// @param decoderModelInfoPresent whether frame headers say when a decoder has to be done
/// @param frameWidthBits `frame_width_bits_minus_1 + 1`
/// @param frameHeightBits `frame_height_bits_minus_1 + 1`
/// @param idBits of `current_frame_id`, 0 where frames have no ids
/// @param deltaIdBits of `delta_frame_id_minus_1`
/// @param orderHintBits 0 where frames have no order hints
/// @param chooseScreenContentTools whether each frame says whether they may be used
/// @param screenContentTools whether they may be used, where the frames do not say it
/// @param chooseIntegerMv whether each frame that may use these tools says that its motion vectors are whole
record Av1FrameRules(
        boolean decoderModelInfoPresent,
        int frameWidthBits,
        int frameHeightBits,
        int idBits,
        int deltaIdBits,
        int orderHintBits,
        boolean chooseScreenContentTools,
        boolean screenContentTools,
        boolean chooseIntegerMv) {}
