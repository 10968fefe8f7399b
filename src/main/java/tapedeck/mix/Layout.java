package tapedeck.mix;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import tapedeck.transcode.picture.Area;

/// Where tiles stand. One alone has all of the picture in every layout but a drawn one.
sealed interface Layout {
    /// Of tiles that are in one shape.
    double SHAPE = 16.0 / 9;
    /// In a cell.
    int NOBODY = -1;

    /// The cells of so many tiles, in their order; fewer if the layout has no place for more.
    ///
    /// @param loudest which tile is the loudest, or -1
    List<Area> place(Area canvas, int tiles, int loudest);

    /// A tile and its cell.
    record Seated(int tile, Area cell) {}

    /// Who sits where; those without a cell are not seen.
    ///
    /// @param names of the streams whose tiles they are, in their order
    default List<Seated> seat(Area canvas, List<String> names, int loudest) {
        List<Area> cells = place(canvas, names.size(), loudest);
        List<Seated> seated = new ArrayList<>();
        for (int i = 0; i < cells.size(); i++) {
            seated.add(new Seated(i, cells.get(i)));
        }
        return seated;
    }

    /// As large as they can be side by side and one below the other, the last row in the middle.
    record Grid() implements Layout {
        @Override
        public List<Area> place(Area canvas, int tiles, int loudest) {
            int columns = columns(canvas, tiles);
            int rows = Math.ceilDiv(tiles, Math.max(1, columns));
            List<Area> cells = new ArrayList<>();
            for (int i = 0; i < tiles; i++) {
                int row = i / columns;
                int inRow = Math.min(columns, tiles - row * columns);
                int left = (canvas.width() - even(canvas.width() * inRow / columns)) / 2;
                cells.add(cell(
                        canvas.x() + even(left) + even(canvas.width() * (i % columns) / columns),
                        canvas.y() + even(canvas.height() * row / rows),
                        canvas.x() + even(left) + even(canvas.width() * (i % columns + 1) / columns),
                        canvas.y() + even(canvas.height() * (row + 1) / rows)));
            }
            return cells;
        }

        /// With which pictures are largest; rather side by side than one below the other.
        private static int columns(Area canvas, int tiles) {
            int best = 1;
            double bestWidth = 0;
            for (int columns = 1; columns <= tiles; columns++) {
                int rows = Math.ceilDiv(tiles, columns);
                double width = Math.min((double) canvas.width() / columns, (double) canvas.height() / rows * SHAPE);
                if (width >= bestWidth) {
                    bestWidth = width;
                    best = columns;
                }
            }
            return best;
        }
    }

    /// The loudest large, the others below it.
    record Speaker() implements Layout {
        /// How much of the height is for the others.
        private static final double BELOW = 0.2;

        @Override
        public List<Area> place(Area canvas, int tiles, int loudest) {
            if (tiles <= 1) {
                return new Row().place(canvas, tiles, loudest);
            }
            int large = Math.max(0, loudest);
            int split = even((int) (canvas.height() * (1 - BELOW)));
            Area below = new Area(canvas.x(), canvas.y() + split, canvas.width(), canvas.height() - split);
            int others = tiles - 1;
            int width = Math.min(even((int) (below.height() * SHAPE)), even(below.width() / others));
            int left = even((below.width() - width * others) / 2);
            List<Area> cells = new ArrayList<>();
            for (int i = 0; i < tiles; i++) {
                int place = i < large ? i : i - 1;
                cells.add(
                        i == large
                                ? new Area(canvas.x(), canvas.y(), canvas.width(), split)
                                : new Area(below.x() + left + place * width, below.y(), width, below.height()));
            }
            return cells;
        }
    }

    /// All side by side.
    record Row() implements Layout {
        @Override
        public List<Area> place(Area canvas, int tiles, int loudest) {
            List<Area> cells = new ArrayList<>();
            for (int i = 0; i < tiles; i++) {
                cells.add(cell(
                        canvas.x() + even(canvas.width() * i / tiles),
                        canvas.y(),
                        canvas.x() + even(canvas.width() * (i + 1) / tiles),
                        canvas.y() + canvas.height()));
            }
            return cells;
        }
    }

    /// Cells of a file of one's own: those that come after the last one are not seen.
    ///
    /// @param streams of each cell, whose it is; empty for whoever comes
    record Drawn(List<Area> cells, List<String> streams) implements Layout {
        public Drawn {
            cells = List.copyOf(cells);
            streams = List.copyOf(streams);
        }

        Drawn(List<Area> cells) {
            this(cells, Collections.nCopies(cells.size(), ""));
        }

        @Override
        public List<Area> place(Area canvas, int tiles, int loudest) {
            return cells.subList(0, Math.min(tiles, cells.size()));
        }

        /// Cells with a name first: they wait for their stream, and the others are for the rest.
        @Override
        public List<Seated> seat(Area canvas, List<String> names, int loudest) {
            BitSet seatedTiles = new BitSet();
            int[] tiles = new int[cells.size()];
            for (int i = 0; i < tiles.length; i++) {
                tiles[i] = streams.get(i).isEmpty() ? NOBODY : free(names, streams.get(i), seatedTiles);
            }
            for (int i = 0; i < tiles.length; i++) {
                tiles[i] = streams.get(i).isEmpty() ? free(names, "", seatedTiles) : tiles[i];
            }
            List<Seated> seated = new ArrayList<>();
            for (int i = 0; i < tiles.length; i++) {
                if (tiles[i] != NOBODY) {
                    seated.add(new Seated(tiles[i], cells.get(i)));
                }
            }
            return seated;
        }

        /// The first tile that has no cell yet, of this stream or, without a name, of any.
        private static int free(List<String> names, String stream, BitSet seatedTiles) {
            for (int i = 0; i < names.size(); i++) {
                if (!seatedTiles.get(i) && (stream.isEmpty() || stream.equals(names.get(i)))) {
                    seatedTiles.set(i);
                    return i;
                }
            }
            return NOBODY;
        }
    }

    private static Area cell(int left, int top, int right, int bottom) {
        return new Area(left, top, right - left, bottom - top);
    }

    private static int even(int value) {
        return value & ~1;
    }
}
