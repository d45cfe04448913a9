package local;

import de.bwaldvogel.mongo.bson.Document;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.h2.mvstore.MVMap;

/** Which documents of one collection have which fields at all: what all its sparse indexes have in common. */
final class SparseFields {

    /** What only a document that has the field can meet, given a value to compare with. */
    private static final Set<String> COMPARISONS = Set.of("$eq", "$gt", "$gte", "$lt", "$lte");

    private static final String EXISTS = "$exists";

    /** Where more than one document in so many has a field, reading all in order is quicker. */
    private static final int FEW = 4;

    /** How many positions of a field are kept, two megabytes or so; with more of them all documents are read. */
    private static final int MOST = 20_000;

    /** Where a field is, as long as it is not in too many documents; it is known again when none has it any more. */
    private static final class Holders {

        private final Set<Object> positions = new HashSet<>();
        private long count;
        private boolean known = true;

        synchronized void gain(Object position) {
            count++;
            if (known) {
                positions.add(position);
            }
            if (count > MOST) {
                known = false;
                positions.clear();
            }
        }

        synchronized void lose(Object position) {
            count--;
            positions.remove(position);
            known |= count == 0;
        }

        synchronized boolean fewAmong(long documents) {
            return known && count < documents / FEW;
        }

        synchronized List<Object> positions() {
            return List.copyOf(positions);
        }
    }

    private final MVMap<Object, Document> documents;
    private final Map<String, Holders> holders = new ConcurrentHashMap<>();

    SparseFields(MVMap<Object, Document> documents) {
        this.documents = documents;
    }

    /** Whether it is one more. */
    boolean include(String field) {
        return holders.putIfAbsent(field, new Holders()) == null;
    }

    void exclude(String field) {
        holders.remove(field);
    }

    void add(String field, Document document, Object position) {
        if (mayHave(document, field)) {
            holders.get(field).gain(position);
        }
    }

    void addAll(Document document, Object position) {
        holders.keySet().forEach(field -> add(field, document, position));
    }

    void change(String field, Document before, Document after, Object position) {
        boolean had = mayHave(before, field);
        boolean has = mayHave(after, field);
        if (has && !had) {
            holders.get(field).gain(position);
        } else if (had && !has) {
            holders.get(field).lose(position);
        }
    }

    void remove(String field, Document document) {
        if (mayHave(document, field)) {
            holders.get(field).lose(document.get("_id"));
        }
    }

    boolean canHandle(String field, Document query) {
        Holders known = holders.get(field);
        return known != null && known.fewAmong(documents.sizeAsLong()) && asksForPresence(query.get(field));
    }

    /** Where a document with the field can lie; each is to be matched against all of the query. */
    List<Object> positions(String field) {
        return holders.get(field).positions().stream().filter(documents::containsKey).toList();
    }

    /** Whether there is something where a path begins; what is deeper is matched when it is asked for. */
    private static boolean mayHave(Document document, String path) {
        String first = path.contains(".") ? path.substring(0, path.indexOf('.')) : path;
        return document.containsKey(first) && !(document.get(first) instanceof Collection<?> values && values.isEmpty());
    }

    private static boolean asksForPresence(Object asked) {
        if (!(asked instanceof Document condition)) {
            return asked instanceof String || asked instanceof Number;
        }
        return Boolean.TRUE.equals(condition.get(EXISTS))
                || condition.entrySet().stream()
                        .anyMatch(one -> COMPARISONS.contains(one.getKey()) && one.getValue() != null);
    }
}
