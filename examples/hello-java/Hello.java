/** Greets everybody. */
public class Hello {
  public static void main(String[] names) {
    for (String name : names) {
      System.out.println(new Greeting(name).text());
    }
  }
}
