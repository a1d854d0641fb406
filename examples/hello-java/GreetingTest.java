/** Ends with 1 if the greeting is not as expected. */
public class GreetingTest {
  public static void main(String[] words) {
    String text = new Greeting("world").text();
    if (!text.equals("Hello, world!")) {
      System.err.println("it greets with: " + text);
      System.exit(1);
    }
  }
}
