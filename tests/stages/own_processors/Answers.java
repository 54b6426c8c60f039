import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.elasticsearch.ElasticsearchException;
import org.elasticsearch.common.Strings;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.common.xcontent.DeprecationHandler;
import org.elasticsearch.common.xcontent.NamedXContentRegistry;
import org.elasticsearch.common.xcontent.XContentBuilder;
import org.elasticsearch.common.xcontent.XContentParser;
import org.elasticsearch.common.xcontent.XContentType;
import org.elasticsearch.common.xcontent.json.JsonXContent;
import org.elasticsearch.env.Environment;
import org.elasticsearch.ingest.IngestDocument;
import org.elasticsearch.ingest.Pipeline;
import org.elasticsearch.ingest.Processor;
import org.elasticsearch.ingest.common.IngestCommonPlugin;
import org.elasticsearch.painless.PainlessScriptEngine;
import org.elasticsearch.painless.spi.Whitelist;
import org.elasticsearch.script.ScriptContext;
import org.elasticsearch.script.ScriptEngine;
import org.elasticsearch.script.ScriptModule;
import org.elasticsearch.script.ScriptService;
import org.elasticsearch.script.mustache.MustacheScriptEngine;

/** Reads {"pipeline": ..., "docs": [...]} line by line and answers what Elasticsearch's own processors make of it. */
public class Answers {
    public static void main(String[] args) throws Exception {
        Settings settings = Settings.builder().put("path.home", args[0]).put("script.painless.regex.enabled", true).build();
        Map<ScriptContext<?>, List<Whitelist>> contexts = new HashMap<>();
        for (ScriptContext<?> context : ScriptModule.CORE_CONTEXTS.values()) {
            contexts.put(context, new ArrayList<>(Whitelist.BASE_WHITELISTS));
        }
        Map<String, ScriptEngine> engines = new HashMap<>();
        engines.put("painless", new PainlessScriptEngine(settings, contexts));
        engines.put("mustache", new MustacheScriptEngine());
        ScriptService scripts = new ScriptService(settings, engines, ScriptModule.CORE_CONTEXTS);
        Environment environment = new Environment(settings, Paths.get(args[0], "config"));
        Processor.Parameters parameters = new Processor.Parameters(
            environment, scripts, null, null, System::currentTimeMillis, (delay, run) -> null, null, null, Runnable::run
        );
        Map<String, Processor.Factory> factories = new IngestCommonPlugin().getProcessors(parameters);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8");
        for (String line; (line = in.readLine()) != null;) {
            Map<String, Object> request = map(line);
            XContentBuilder answer = JsonXContent.contentBuilder().startObject();
            try {
                Map<String, Object> config = cast(request.get("pipeline"));
                Pipeline pipeline = Pipeline.create("_simulate_pipeline", config, factories, scripts);
                answer.startArray("docs");
                for (Object source : (List<?>) request.get("docs")) {
                    answer.startObject();
                    try {
                        run(pipeline, cast(source), answer);
                    } catch (Throwable error) {
                        show(error, answer);
                    }
                    answer.endObject();
                }
                answer.endArray();
            } catch (Throwable error) {  // Painless has errors, too
                show(error, answer);
            }
            out.println(Strings.toString(answer.endObject()));
        }
    }

    private static void run(Pipeline pipeline, Map<String, Object> source, XContentBuilder answer) throws Exception {
        IngestDocument document = new IngestDocument("_index", "_doc", "_id", null, -3L, null, source);
        Object[] outcome = new Object[2];
        document.executePipeline(pipeline, (result, error) -> {
            outcome[0] = result;
            outcome[1] = error;
        });
        if (outcome[1] != null) {
            show((Throwable) outcome[1], answer);
        } else if (outcome[0] == null) {
            answer.nullField("doc");
        } else {
            Map<String, Object> made = ((IngestDocument) outcome[0]).getSourceAndMetadata();
            byte[] json = Strings.toString(JsonXContent.contentBuilder().map(made)).getBytes(StandardCharsets.UTF_8);
            answer.rawField("doc", new ByteArrayInputStream(json), XContentType.JSON);
        }
    }

    private static void show(Throwable error, XContentBuilder answer) throws Exception {
        while (error.getClass().getSimpleName().equals("IngestProcessorException")) {
            error = error.getCause();
        }
        answer.startObject("error").field("type", ElasticsearchException.getExceptionName(error));
        answer.field("reason", error.getMessage()).endObject();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> cast(Object value) {
        return (Map<String, Object>) value;
    }

    private static Map<String, Object> map(String json) throws Exception {
        NamedXContentRegistry none = NamedXContentRegistry.EMPTY;
        DeprecationHandler handler = DeprecationHandler.THROW_UNSUPPORTED_OPERATION;
        try (XContentParser parser = JsonXContent.jsonXContent.createParser(none, handler, json)) {
            return parser.map();
        }
    }
}
