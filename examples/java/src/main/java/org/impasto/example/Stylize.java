package org.impasto.example;

import com.google.protobuf.ByteString;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.JsonFormat;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.impasto.v1.OutputOptions;
import org.impasto.v1.Picture;
import org.impasto.v1.PictureFormat;
import org.impasto.v1.PreviewOptions;
import org.impasto.v1.Progress;
import org.impasto.v1.Recipe;
import org.impasto.v1.StylizeRequest;

/**
 * Paints a photograph in the manner of a painting.
 *
 * <pre>
 * mvn -q package
 * java -jar target/stylize.jar CONTENT STYLE OUT [--iterations N] [--max-size N] [--recipe FILE] [--preview FILE]
 * </pre>
 *
 * From the environment: IMPASTO_SERVER, the server's HOST:PORT (127.0.0.1:50451); IMPASTO_TLS_CA, a PEM file of root certificates, for a
 * server with TLS; IMPASTO_TOKEN, the access token, for a server that wants one. Ctrl-C cancels the job. Exit code: 0 painted, 1 it
 * can't be, 2 wrong usage, 130 cancelled.
 */
public final class Stylize {
  private static final String USAGE =
      "usage: stylize CONTENT STYLE OUT [--iterations N] [--max-size N] [--recipe FILE] [--preview FILE]";
  private static final List<String> FLAGS = List.of("--iterations", "--max-size", "--recipe", "--preview");

  private final List<String> files = new ArrayList<>();
  private final Map<String, String> flags = new HashMap<>();
  private volatile boolean interrupted; // by Ctrl-C

  public static void main(String[] arguments) {
    int code;
    try {
      Stylize stylize = new Stylize(arguments);
      code = stylize.run();
      if (stylize.interrupted) {
        return; // the virtual machine is on its way out already, with 130
      }
    } catch (IllegalArgumentException error) {
      System.err.println("stylize: " + error.getMessage() + "\n" + USAGE);
      code = 2;
    }
    System.exit(code);
  }

  private Stylize(String[] arguments) {
    for (int i = 0; i < arguments.length; i++) {
      if (!arguments[i].startsWith("--")) {
        files.add(arguments[i]);
      } else if (FLAGS.contains(arguments[i]) && i + 1 < arguments.length) {
        flags.put(arguments[i], arguments[++i]);
      } else {
        throw new IllegalArgumentException(arguments[i] + ": no such flag, or it lacks its value");
      }
    }
    if (files.size() != 3) {
      throw new IllegalArgumentException("CONTENT, STYLE and OUT are needed");
    }
  }

  private int run() {
    try {
      StylizeRequest request = makeRequest();
      try (var client = ImpastoClient.connect(ImpastoClient.Options.fromEnvironment());
          var painting = client.stylize(request)) {
        paint(painting);
      }
      return 0;
    } catch (NoSuchFileException error) {
      System.err.println("stylize: " + error.getFile() + ": no such file or folder");
      return 1;
    } catch (IOException error) {
      System.err.println("stylize: " + error);
      return 1;
    } catch (ImpastoException error) {
      System.err.println("stylize: " + error.getMessage());
      if (!error.field().isEmpty()) {
        System.err.println("  field: " + error.field());
      }
      error.hints().forEach(hint -> System.err.println("  hint: " + hint));
      return error.code() == Status.Code.CANCELLED ? 130 : 1;
    }
  }

  private StylizeRequest makeRequest() throws IOException {
    Recipe.Builder recipe = Recipe.newBuilder();
    if (flags.containsKey("--recipe")) {
      JsonFormat.parser().merge(Files.readString(Path.of(flags.get("--recipe"))), recipe);
    }
    // What isn't set is the server's choice.
    if (flags.containsKey("--iterations")) {
      recipe.setIterations(number("--iterations"));
    }
    if (flags.containsKey("--max-size")) {
      recipe.setMaxSize(number("--max-size"));
    }
    StylizeRequest.Builder request =
        StylizeRequest.newBuilder()
            // Pictures are sent as the files that they are; the server decodes them.
            .setContent(picture(files.get(0)))
            .addStyles(picture(files.get(1)))
            .setOutput(OutputOptions.newBuilder().setFormat(formatOf(files.get(2))))
            .setRecipe(recipe)
            .setDisplayName(Path.of(files.get(0)).getFileName().toString());
    if (flags.containsKey("--preview")) {
      request.setPreview(
          PreviewOptions.newBuilder()
              .setInterval(Durations.fromSeconds(1))
              .setFormat(formatOf(flags.get("--preview"))));
    }
    return request.build();
  }

  private void paint(Painting painting) throws IOException {
    Thread painter = Thread.currentThread();
    Thread onInterrupt =
        new Thread(
            () -> {
              interrupted = true;
              painting.cancel();
              try {
                // Until it has told the job's end. A second Ctrl-C does nothing any more: this must not last for ever.
                painter.join(10_000);
              } catch (InterruptedException ignored) {
                // nobody does that
              }
            });
    Runtime.getRuntime().addShutdownHook(onInterrupt);
    // A job that fails or is cancelled may send its best picture so far. This program wants the whole one, or none.
    Event.Result result = null;
    try {
      while (painting.hasNext()) {
        Event event = painting.next();
        show(event);
        if (event instanceof Event.Result picture) {
          result = picture;
        }
      }
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(onInterrupt);
      } catch (IllegalStateException underWay) {
        interrupted = true;
      }
    }
    Path out = Path.of(files.get(2));
    writeWhole(out, result.picture().data());
    say("the picture of step %d, loss %.4g: %s", result.iteration(), result.totalLoss(), out);
  }

  private void show(Event event) throws IOException {
    if (event instanceof Event.Accepted accepted) {
      var job = accepted.message();
      say(
          "%s: painting %d x %d pixels with %s",
          job.getJob(), job.getWidth(), job.getHeight(), job.getRecipe().getModel());
      job.getWarningsList().forEach(warning -> say("WARNING: %s", warning));
    } else if (event instanceof Event.Progress step) {
      Progress progress = step.message();
      String left = progress.hasRemaining() ? ", " + Durations.toSeconds(progress.getRemaining()) + " s left" : "";
      say(
          "%d/%d  loss %.4g%s",
          progress.getIteration() - 1, progress.getIterations(), progress.getTotalLoss(), left);
    } else if (event instanceof Event.Preview preview) {
      Path file = Path.of(flags.get("--preview"));
      writeWhole(file, preview.picture().data());
      say("the picture after step %d: %s", preview.iteration(), file);
    } else if (event instanceof Event.StateChanged change) {
      var message = change.message();
      say("%s: %s", message.getState().name().replace("STATE_", "").toLowerCase(Locale.ROOT), message.getReason());
    } else if (event instanceof Event.ConnectionLost lost) {
      say("connection lost (%s); trying again", lost.error().getMessage());
    }
  }

  private static void say(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }

  /** Either the whole file is there, or what was there before. */
  private static void writeWhole(Path file, ByteString data) throws IOException {
    Path unfinished = Path.of(file + "." + ProcessHandle.current().pid() + ".part");
    try {
      Files.write(unfinished, data.toByteArray());
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }

  private static Picture picture(String file) throws IOException {
    return Picture.newBuilder().setEncoded(ByteString.copyFrom(Files.readAllBytes(Path.of(file)))).build();
  }

  /** The format that a file's name asks for. */
  private static PictureFormat formatOf(String file) {
    String name = file.toLowerCase(Locale.ROOT);
    return switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "png" -> PictureFormat.PICTURE_FORMAT_PNG;
      case "jpg", "jpeg" -> PictureFormat.PICTURE_FORMAT_JPEG;
      case "webp" -> PictureFormat.PICTURE_FORMAT_WEBP;
      case "tif", "tiff" -> PictureFormat.PICTURE_FORMAT_TIFF;
      default -> throw new IllegalArgumentException(file + ": not .png, .jpg, .webp or .tiff");
    };
  }

  private int number(String flag) {
    try {
      return Integer.parseInt(flags.get(flag));
    } catch (NumberFormatException error) {
      throw new IllegalArgumentException(flag + ": \"" + flags.get(flag) + "\" is no whole number");
    }
  }
}
