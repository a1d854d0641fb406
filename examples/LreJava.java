/** Says which JDK runs it. */
class LreJava {
  public static void main(String[] words) {
    System.out.println("Hello from " + System.getProperty("java.home"));
  }
}
