package local;

import de.bwaldvogel.mongo.bson.Document;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.h2.mvstore.MVMap;

/** The fields of one collection by whose texts its documents are found: what all its hashed indexes have in common. */
final class HashedFields {

    private static final String CHOICE = "$or";
    private static final String ONE_OF = "$in";

    private final MVMap<Object, Document> documents;
    private final Set<String> fields = ConcurrentHashMap.newKeySet();
    private final Arrivals arrivals = new Arrivals();

    HashedFields(MVMap<Object, Document> documents) {
        this.documents = documents;
    }

    /** Whether it is one more. */
    boolean include(String field) {
        return fields.add(field);
    }

    void exclude(String field) {
        fields.remove(field);
    }

    void addAll(Document document, Object position) {
        fields.forEach(field -> add(field, document, position));
    }

    void add(String field, Document document, Object position) {
        if (document.get(field) instanceof String text) {
            arrivals.add(hash(field, text), position);
        }
    }

    boolean canHandle(Document query) {
        return wanted(query) != null;
    }

    /** Where what the query asks for can lie; each is to be matched against all of it. */
    List<Object> positions(Document query) {
        return arrivals.find(wanted(query)).stream().filter(documents::containsKey).toList();
    }

    /** What narrows a query down, null if nothing does: of what is all to be met, one member is enough. */
    private int[] wanted(Document query) {
        for (Map.Entry<String, Object> member : query.entrySet()) {
            int[] hashes = member.getKey().equals(CHOICE) ? ofChoice(member.getValue()) : ofMember(member);
            if (hashes != null) {
                return hashes;
            }
        }
        return null;
    }

    private int[] ofMember(Map.Entry<String, Object> member) {
        if (!fields.contains(member.getKey())) {
            return null;
        }
        if (member.getValue() instanceof Document asked && asked.keySet().equals(Set.of(ONE_OF))) {
            return ofTexts(member.getKey(), (Collection<?>) asked.get(ONE_OF));
        }
        return ofTexts(member.getKey(), List.of(member.getValue()));
    }

    private static int[] ofTexts(String field, Collection<?> values) {
        boolean texts = values.stream().allMatch(String.class::isInstance);
        return texts ? values.stream().mapToInt(value -> hash(field, (String) value)).toArray() : null;
    }

    private int[] ofChoice(Object alternatives) {
        IntStream all = IntStream.empty();
        for (Object alternative : (Collection<?>) alternatives) {
            int[] hashes = wanted((Document) alternative);
            if (hashes == null) {
                return null;
            }
            all = IntStream.concat(all, IntStream.of(hashes));
        }
        return all.toArray();
    }

    private static int hash(String field, String text) {
        return 31 * field.hashCode() + text.hashCode();
    }
}
