/** Uses a class that the annotation processor wrote. */
public class Stamped {
  public static String text() {
    return StampOf.TEXT;
  }
}
