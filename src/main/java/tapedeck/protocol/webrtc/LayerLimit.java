package tapedeck.protocol.webrtc;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tapedeck.bytes.MalformedException;

/// The best layer of a simulcast that a viewer wants to have: `layer=RID` or `max_height=PIXELS` of its address.
///
/// @param rid no larger picture than that of this layer, as long as it comes
/// @param maxHeight no higher picture, if there is one
record LayerLimit(Optional<String> rid, OptionalInt maxHeight) {
    static final LayerLimit ALL = new LayerLimit(Optional.empty(), OptionalInt.empty());
    /// Higher than any picture that is taken.
    static final int MOST_HEIGHT = 16_384;

    private static final int MAX_DIGITS = 5;

    static LayerLimit parse(Optional<String> layer, Optional<String> maxHeight) {
        if (layer.isPresent() && !Simulcast.isRid(layer.get())) {
            throw new MalformedException("layer has to be the rid of a simulcast: 1 to 16 letters, digits, - and _");
        }
        return new LayerLimit(
                layer, maxHeight.isEmpty() ? OptionalInt.empty() : OptionalInt.of(height(maxHeight.get())));
    }

    private static int height(String text) {
        boolean number = !text.isEmpty()
                && text.length() <= MAX_DIGITS
                && text.chars().allMatch(digit -> digit >= '0' && digit <= '9');
        int height = number ? Integer.parseInt(text) : 0;
        if (height < 1 || height > MOST_HEIGHT) {
            throw new MalformedException("max_height has to be a number from 1 to " + MOST_HEIGHT);
        }
        return height;
    }

    /// Which layers this viewer may get, the largest first: the one that is the stream as [Layers#STREAM], and those
    /// that come and are smaller. Never empty: if all are too large, the smallest.
    ///
    /// @param chosen the one that is the stream
    List<Integer> allowed(List<Layers.Layer> all, int chosen) {
        List<Integer> found = new ArrayList<>(all.size());
        for (int i = 0; i < all.size(); i++) {
            Layers.Layer layer = all.get(i);
            if (i != chosen
                    && layer.comes()
                    && layer.area() > 0
                    && layer.area() < all.get(chosen).area()) {
                found.add(i);
            }
        }
        found.sort(Comparator.comparingLong((Integer i) -> all.get(i).area()).reversed());
        found.addFirst(Layers.STREAM);
        long largest = largestArea(all);
        while (found.size() > 1 && !admits(all.get(number(found.getFirst(), chosen)), largest)) {
            found.removeFirst();
        }
        return found;
    }

    private long largestArea(List<Layers.Layer> all) {
        for (Layers.Layer layer : all) {
            if (rid.isPresent() && layer.rid().equals(rid.get()) && layer.comes() && layer.area() > 0) {
                return layer.area();
            }
        }
        return Long.MAX_VALUE;
    }

    private boolean admits(Layers.Layer layer, long largestArea) {
        return layer.area() <= largestArea && (maxHeight.isEmpty() || layer.height() <= maxHeight.getAsInt());
    }

    private static int number(int layer, int chosen) {
        return layer == Layers.STREAM ? chosen : layer;
    }
}
