package local;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.type.ObjectDataType;

/**
 * Positions by hashes they came with.
 *
 * <p>It lives in memory alone, so that a write costs the file nothing. A hash takes eight bytes, and a position as many
 * as its text, once for as long as the same one comes. A look-up searches each full block in a dozen steps for each
 * hash: a few thousand among a million. Nothing is taken out: whoever looks a position up sees what lies there now.
 */
final class Arrivals {

    private static final int BLOCK = 8_192;
    private static final ObjectDataType TEXTS = new ObjectDataType();

    /** Hashes in order, each with the place in `positions` of what it came with, in its lower half. */
    private record Block(long[] places, byte[] positions) {}

    private final List<Block> full = new ArrayList<>();
    private final long[] places = new long[BLOCK];
    private final WriteBuffer positions = new WriteBuffer();
    private int count;
    private int place;
    private Object last;

    synchronized void add(int hash, Object position) {
        if (count == BLOCK) {
            full.add(newest());
            startBlock();
        }
        if (!position.equals(last)) {
            place = positions.position();
            TEXTS.write(positions, position);
            last = position;
        }
        places[count++] = first(hash) | place;
    }

    /** The positions that ever came with one of these hashes, those that came last behind the others. */
    synchronized Set<Object> find(int[] wanted) {
        Set<Object> found = new LinkedHashSet<>();
        full.forEach(block -> search(block, wanted, found));
        scan(wanted, found);
        return found;
    }

    private void startBlock() {
        positions.clear();
        count = 0;
        last = null;
    }

    private Block newest() {
        long[] sorted = places.clone();
        Arrays.sort(sorted);
        return new Block(sorted, Arrays.copyOf(positions.getBuffer().array(), positions.position()));
    }

    private static void search(Block block, int[] wanted, Set<Object> found) {
        for (int hash : wanted) {
            int at = Arrays.binarySearch(block.places, first(hash));
            for (int next = at < 0 ? -at - 1 : at; next < BLOCK && hashOf(block.places[next]) == hash; next++) {
                found.add(read(block.positions, block.places[next]));
            }
        }
    }

    /** What came last is not in order yet. */
    private void scan(int[] wanted, Set<Object> found) {
        int[] sorted = wanted.clone();
        Arrays.sort(sorted);
        for (int next = 0; next < count; next++) {
            if (Arrays.binarySearch(sorted, hashOf(places[next])) >= 0) {
                found.add(read(positions.getBuffer().array(), places[next]));
            }
        }
    }

    private static Object read(byte[] positions, long place) {
        return TEXTS.read(ByteBuffer.wrap(positions).position((int) place));
    }

    /** The least of all that a hash can have beside it. */
    private static long first(int hash) {
        return (long) hash << Integer.SIZE;
    }

    private static int hashOf(long place) {
        return (int) (place >> Integer.SIZE);
    }
}
