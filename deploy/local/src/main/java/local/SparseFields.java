package local;

import de.bwaldvogel.mongo.bson.Document;
import java.util.Collection;
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

    private final MVMap<Object, Document> documents;
    private final Map<String, Set<Object>> positions = new ConcurrentHashMap<>();

    SparseFields(MVMap<Object, Document> documents) {
        this.documents = documents;
    }

    /** Whether it is one more. */
    boolean include(String field) {
        return positions.putIfAbsent(field, ConcurrentHashMap.newKeySet()) == null;
    }

    void exclude(String field) {
        positions.remove(field);
    }

    /** Note a document as it is now. */
    void note(String field, Document document, Object position) {
        if (mayHave(document, field)) {
            positions.get(field).add(position);
        } else {
            positions.get(field).remove(position);
        }
    }

    void noteAll(Document document, Object position) {
        positions.keySet().forEach(field -> note(field, document, position));
    }

    void forget(String field, Document document) {
        positions.get(field).remove(document.get("_id"));
    }

    boolean canHandle(String field, Document query) {
        Set<Object> known = positions.get(field);
        return known != null && known.size() < documents.sizeAsLong() / FEW && asksForPresence(query.get(field));
    }

    /** Where a document with the field can lie; each is to be matched against all of the query. */
    List<Object> positions(String field) {
        return positions.get(field).stream().filter(documents::containsKey).toList();
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
