import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** What is said to someone, with a word from a resource. */
public record Greeting(String name) {
  public String text() {
    try (InputStream words = Greeting.class.getResourceAsStream("/words.txt")) {
      return new String(words.readAllBytes(), StandardCharsets.UTF_8).strip() + ", " + name + "!";
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }
}
